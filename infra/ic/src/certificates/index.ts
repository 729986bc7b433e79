export { hashTree, labelled, latin1, leaf, type CborTree, type HashTree, type Tree } from './labelled-tree.js';
export { readHashTree, type SentTree } from './hash-tree.js';
export { createSubnetKeys, seedUnderARoot, selfAuthenticating, type SubnetKeys } from './subnet-keys.js';
export { encodeCertificate, FRESH, verifyCertificate, type Delegation, type Verified } from './certificate.js';
export { signQueryResponse, type QueryResponse } from './query-response.js';
