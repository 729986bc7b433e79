import { DefaultDeserializer } from 'node:v8';

/**
 * Gives each array of bytes memory of its own: Node's are views of the whole, so that handing one to another thread
 * would copy all of it.
 */
class Deserializer extends DefaultDeserializer {
  _readHostObject(): Uint8Array {
    const view = (
      DefaultDeserializer.prototype as unknown as { _readHostObject(this: Deserializer): Uint8Array }
    )._readHostObject.call(this);
    return Uint8Array.prototype.slice.call(view) as Uint8Array;
  }
}

/** What `serialize` of `node:v8` has written. */
export function deserialize(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
