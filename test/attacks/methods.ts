import { CANISTERS, interfaces, type CanisterName } from '@livepod/client';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';

/** Values that exist, by the name of the field that takes them: what is refused is refused for who asks. */
export type Known = Record<string, unknown>;

export interface Method {
  canister: CanisterName | 'bucket';
  name: string;
  arguments: (known: Known) => unknown[];
}

/** Every method of every canister that changes something, with arguments made from its own Candid. */
export function updateMethods(): Method[] {
  return [...CANISTERS, 'bucket' as const].flatMap((canister) =>
    interfaces[canister]
      .idlFactory({ IDL })
      ._fields.filter(([, { annotations }]) => !annotations.includes('query'))
      .map(([name, { argTypes }]) => ({
        canister,
        name,
        arguments: (known: Known) => argTypes.map((type) => valueOf(type, name, known)),
      })),
  );
}

/** A value of a Candid type: a known one for the field's name, else the smallest there is. */
function valueOf(type: IDL.Type, name: string, known: Known): unknown {
  if (type instanceof IDL.RecClass) return valueOf(type.getType()!, name, known);
  if (type instanceof IDL.RecordClass)
    return Object.fromEntries(type._fields.map(([field, of]) => [field, valueOf(of, field, known)]));
  if (type instanceof IDL.VariantClass) {
    const [arm, of] = type._fields[0]!;
    return { [arm]: valueOf(of, arm, known) };
  }
  if (type instanceof IDL.OptClass) return [];
  const given = known[name];
  if (given !== undefined && fits(type, given)) return given;
  if (type instanceof IDL.VecClass) return fits(type, new Uint8Array()) ? new Uint8Array(32) : [];
  if (type instanceof IDL.TextClass) return 'x';
  if (type instanceof IDL.PrincipalClass) return Principal.anonymous();
  if (type instanceof IDL.BoolClass) return true;
  if (type instanceof IDL.NullClass) return null;
  if (type instanceof IDL.NatClass || type instanceof IDL.IntClass) return 1n;
  if (type instanceof IDL.FixedNatClass || type instanceof IDL.FixedIntClass) return type._bits > 32 ? 1n : 1;
  throw new TypeError(`No value of Candid type ${type.display()} for ${name}.`);
}

/** Candid's own check throws where a value is of another type. */
function fits(type: IDL.Type, value: unknown): boolean {
  try {
    return type.covariant(value);
  } catch {
    return false;
  }
}
