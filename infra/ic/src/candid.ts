import { IDL } from '@dfinity/candid';

const { Nat, Record, Text, Vec } = IDL;
const Blob = Vec(IDL.Nat8);

export const HttpHeader = Record({ name: Text, value: Text });
/** What an HTTP outcall comes to, and what a transform function is given and returns (IC spec: http_request). */
export const HttpResult = Record({ status: Nat, headers: Vec(HttpHeader), body: Blob });
export const TransformArgument = Record({ response: HttpResult, context: Blob });

/** Decodes an argument or reply. The library reads a view's whole buffer, so a view of a larger one is copied first. */
export function decodeCandid(types: IDL.Type[], bytes: Uint8Array): unknown[] {
  const whole = bytes.byteOffset === 0 && bytes.length === bytes.buffer.byteLength;
  return IDL.decode(types, whole ? bytes : Uint8Array.from(bytes));
}
