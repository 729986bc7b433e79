import { encode } from 'cborg';
import { createHash } from 'node:crypto';
import { hashTree, labelled, leaf, type HashTree, type Tree } from '../certificates/index.js';
import { representationIndependentHash, selfDescribed } from '../envelopes/index.js';
import type { TestCanister } from './test-canister.js';

/** Certifies the response as a whole, whatever the request (HTTP gateway protocol: response verification 2). */
const EXPRESSION = 'default_certification(ValidationArgs{certification:Certification{no_request_certification:Empty{},response_certification:'
  + 'ResponseCertification{certified_response_headers:ResponseHeaderList{headers:["content-type"]}}}})';

const sha = (data: Uint8Array | string): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest());

export interface Page { status: number; type: string; body: string }

/** Lets a canister certify a page. @returns the headers that it would serve it with */
export async function certifyPage(canister: TestCanister, name: string, page: Page): Promise<[string, string][]> {
  const tree = pageTree(`/${name}`, page);
  await canister.certify(tree.digest);
  const certificate = (await canister.certificate())[0]!;
  const field = (bytes: Uint8Array): string => `:${Buffer.from(bytes).toString('base64')}:`;
  const path = field(selfDescribed(encode(['http_expr', name, '<$>'])));
  return [
    ['content-type', page.type], ['ic-certificateexpression', EXPRESSION],
    ['ic-certificate', `certificate=${field(Uint8Array.from(certificate))}, tree=${field(selfDescribed(encode(tree.witness([[]]))))}, version=2, expr_path=${path}`],
  ];
}

/** The tree of a canister that serves one page: its root is what the canister certifies. */
function pageTree(path: string, page: Page): HashTree {
  const headers = representationIndependentHash(new Map<string, unknown>([
    ['content-type', page.type], ['ic-certificateexpression', EXPRESSION], [':ic-cert-status', page.status],
  ]));
  const response = sha(Buffer.concat([headers, sha(page.body)]));
  let tree: Tree = labelled([['<$>', labelled([[sha(EXPRESSION), labelled([['', labelled([[response, leaf(new Uint8Array())]])]])]])]]);
  for (const segment of path.split('/').slice(1).reverse()) tree = labelled([[segment, tree]]);
  return hashTree(labelled([['http_expr', tree]]));
}
