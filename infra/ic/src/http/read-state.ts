import { decodeEnvelope, verifyEnvelope, type VerifiedRequest } from '../envelopes/index.js';
import type { Host } from '../host.js';
import { idOf, textOf, type Id } from '../subnet/principals.js';
import { HttpError, sendCbor, type Outgoing } from './replies.js';

type Path = Uint8Array[];

/**
 * `POST /api/{v2,v3}/{canister/<effective>,subnet/<id>}/read_state` (IC spec: Request: Read state).
 *
 * @param effective  undefined on the subnet endpoint
 */
export async function handleReadState(host: Host, effective: Id | undefined, body: Uint8Array, response: Outgoing): Promise<void> {
  const request = verifyEnvelope(decodeEnvelope(body), { now: host.now(), rootKey: host.keys.der, expectedType: 'read_state' });
  const paths = request.content.paths ?? [];
  const asked = new Set(paths.filter((path) => label(path, 0) === 'request_status' && path[1]).map((path) => idOf(path[1]!)));
  if (asked.size > 1) throw new HttpError(400, 'A read_state request can ask for the status of one call only.');
  for (const path of paths) permit(host, path, effective, request);
  const certified = await host.statusOf([...asked]);
  sendCbor(response, { certificate: certified.certificate(paths) });
}

/** @throws HttpError 403 for a path that this sender must not read here, 404 for one that does not exist */
function permit(host: Host, path: Path, effective: Id | undefined, request: VerifiedRequest): void {
  switch (label(path, 0)) {
    case 'time': case 'subnet': case 'canister_ranges': case 'api_boundary_nodes': return;
    case 'request_status': return permitStatus(host, path, effective, request);
    case 'canister': return permitCanister(host, path, effective, request);
    default: throw new HttpError(404, `Invalid path requested: ${path.map((_, index) => label(path, index)).join('/')}`);
  }
}

function permitStatus(host: Host, path: Path, effective: Id | undefined, { content, targets }: VerifiedRequest): void {
  if (!path[1]) throw new HttpError(404, 'Invalid path requested: request_status needs a request id.');
  const known = host.subnet.state.ingress.get(idOf(path[1]));
  if (!known) return;
  const sameName = effective !== undefined && known.effective === effective;
  const allowed = !targets || targets.some((target) => idOf(target) === known.effective);
  if (known.sender !== idOf(content.sender) || !sameName || !allowed) throw new HttpError(403, 'The user tries to access a request ID not signed by the caller.');
}

function permitCanister(host: Host, path: Path, effective: Id | undefined, { content }: VerifiedRequest): void {
  const id = path[1] && idOf(path[1]);
  if (id === undefined || id !== effective) throw new HttpError(400, `Effective principal id does not match the canister of the path ${id === undefined ? '' : textOf(id)}.`);
  const what = label(path, 2);
  if (what === 'metadata' && path[3]) {
    const canister = host.subnet.canisters.get(id);
    const section = canister?.module?.metadata.get(label(path, 3));
    if (!section || section.public || canister!.isControlledBy(idOf(content.sender))) return;
    throw new HttpError(403, `Custom section ${label(path, 3)} can only be requested by the controllers of the canister.`);
  }
  if (!['module_hash', 'controllers', 'canister_creation_timestamp', 'last_install_timestamp'].includes(what)) {
    throw new HttpError(404, `Invalid path requested: canister/${textOf(id)}/${what}`);
  }
}

function label(path: Path, index: number): string {
  return path[index] ? Buffer.from(path[index]).toString('utf8') : '';
}
