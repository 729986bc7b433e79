import { isUtf8 } from 'node:buffer';
import { decodeEnvelope, verifyEnvelope, type VerifiedRequest } from '../envelopes/index.js';
import type { Host } from '../host.js';
import { idOf, MANAGEMENT, textOf, type Id } from '../subnet/principals.js';
import { HttpError, sendCbor, type Outgoing } from './replies.js';

type Path = Uint8Array[];

/**
 * `POST /api/{v2,v3}/{canister/<effective>,subnet/<id>}/read_state` (IC spec: Request: Read state).
 *
 * @param effective  undefined on the subnet endpoint
 */
export async function handleReadState(
  host: Host,
  effective: Id | undefined,
  body: Uint8Array,
  response: Outgoing,
): Promise<void> {
  const request = verifyEnvelope(decodeEnvelope(body), {
    now: host.now(),
    rootKey: host.keys.rootDer,
    expectedType: 'read_state',
  });
  const paths = request.content.paths ?? [];
  const asked = new Set(
    paths.filter((path) => label(path, 0) === 'request_status' && path[1]).map((path) => idOf(path[1]!)),
  );
  for (const path of paths) permit(host, path, effective, request);
  if (asked.size > 1) {
    const [first, second] = [...asked];
    throw new HttpError(
      400,
      `More than one non-unique request ID exists in request_status paths: ${first} and ${second}.`,
    );
  }
  const certified = await host.statusOf([...asked]);
  sendCbor(response, { certificate: certified.certificate(paths) });
}

/** Paths that anyone may ask for, by their labels: `*` is any. */
const OPEN = [
  'time',
  'api_boundary_nodes',
  'api_boundary_nodes/*',
  'api_boundary_nodes/*/domain',
  'api_boundary_nodes/*/ipv4_address',
  'api_boundary_nodes/*/ipv6_address',
  'subnet',
  'subnet/*',
  'subnet/*/public_key',
  'subnet/*/type',
  'subnet/*/canister_ranges',
  'subnet/*/node',
  'subnet/*/node/*',
  'subnet/*/node/*/public_key',
  'canister_ranges/*',
  'canister_ranges/*/*',
].map((pattern) => pattern.split('/'));
const STATUS = ['status', 'reply', 'reject_code', 'reject_message', 'error_code'];
const CANISTER = ['module_hash', 'controllers', 'canister_creation_timestamp', 'last_install_timestamp'];

/**
 * @throws HttpError 403 for a path that this sender must not read, 404 for one that does not exist, 400 for one of
 *   another canister
 */
function permit(host: Host, path: Path, effective: Id | undefined, request: VerifiedRequest): void {
  const first = label(path, 0);
  if (first === 'request_status' && (path.length === 2 || (path.length === 3 && STATUS.includes(label(path, 2)))))
    return permitStatus(host, path[1]!, effective, request);
  if (first === 'canister' && effective !== undefined && path.length >= 3)
    return permitCanister(host, path, effective, request);
  if (first === 'subnet' && label(path, 2) === 'metrics' && path.length === 3 && effective === undefined)
    return matching(idOf(path[1]!), idOf(host.keys.subnetId));
  const open = OPEN.some(
    (pattern) =>
      pattern.length === path.length && pattern.every((part, index) => part === '*' || part === label(path, index)),
  );
  if (!open) throw new HttpError(404, 'Invalid path requested.');
}

function permitStatus(
  host: Host,
  requestId: Uint8Array,
  effective: Id | undefined,
  { content, targets }: VerifiedRequest,
): void {
  if (requestId.length !== 32)
    throw new HttpError(400, 'Invalid request id in paths. Maybe the request ID is not of 32 bytes in length?!');
  const known = host.subnet.state.ingress.get(idOf(requestId));
  if (!known) return;
  if (known.sender !== idOf(content.sender) || known.effective !== (effective ?? MANAGEMENT)) {
    throw new HttpError(403, 'The user tries to access Request ID not signed by the caller.');
  }
  if (targets && !targets.some((target) => idOf(target) === (known.to ?? known.effective))) {
    throw new HttpError(
      403,
      'The user tries to access request IDs for canisters not belonging to sender delegation targets.',
    );
  }
}

function permitCanister(host: Host, path: Path, effective: Id, { content }: VerifiedRequest): void {
  const id = idOf(path[1]!);
  const what = label(path, 2);
  if (path.length === 3 && CANISTER.includes(what)) return matching(id, effective);
  if (path.length !== 4 || what !== 'metadata') throw new HttpError(404, 'Invalid path requested.');
  matching(id, effective);
  if (!isUtf8(path[3]!)) throw new HttpError(400, 'Could not parse the custom section name at utf8.');
  const canister = host.subnet.canisters.get(id);
  const section = canister?.module?.metadata.get(label(path, 3));
  if (!section || section.public || canister!.isControlledBy(idOf(content.sender))) return;
  throw new HttpError(
    403,
    `Custom section ${label(path, 3).slice(0, 100)} can only be requested by the controllers of the canister.`,
  );
}

/** @throws HttpError 400 unless a path is about what the address names */
function matching(asked: Id, addressed: Id): void {
  if (asked === addressed) return;
  const [inUrl, requested] = [addressed, asked].map((id) => (id.length <= 58 ? textOf(id) : id));
  throw new HttpError(
    400,
    `Effective principal id in URL ${inUrl} does not match requested principal id: ${requested}.`,
  );
}

function label(path: Path, index: number): string {
  return path[index] ? Buffer.from(path[index]).toString('utf8') : '';
}
