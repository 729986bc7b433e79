import { createHash } from 'node:crypto';
import { hashTree, labelled, leaf, type HashTree, type Tree } from '../certificates/index.js';
import { representationIndependentHash } from '../envelopes/index.js';

/** Certifies the response as a whole, whatever the request (HTTP gateway protocol: response verification 2). */
export const EXPRESSION = 'default_certification(ValidationArgs{certification:Certification{no_request_certification:Empty{},response_certification:'
  + 'ResponseCertification{certified_response_headers:ResponseHeaderList{headers:["content-type"]}}}})';

const sha = (data: Uint8Array | string): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest());

/** The tree of a canister that serves one page: its root is what the canister certifies. */
export function pageTree(path: string, page: { status: number; type: string; body: string }): HashTree {
  const headers = representationIndependentHash(new Map<string, unknown>([
    ['content-type', page.type], ['ic-certificateexpression', EXPRESSION], [':ic-cert-status', page.status],
  ]));
  const response = sha(Buffer.concat([headers, sha(page.body)]));
  let tree: Tree = labelled([['<$>', labelled([[sha(EXPRESSION), labelled([['', labelled([[response, leaf(new Uint8Array())]])]])]])]]);
  for (const segment of path.split('/').slice(1).reverse()) tree = labelled([[segment, tree]]);
  return hashTree(labelled([['http_expr', tree]]));
}
