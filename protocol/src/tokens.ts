/** Decimal places of the token: its smallest unit is an e8s. */
export const TOKEN_PLACES = 8;
/** One token in e8s. */
export const TOKEN_E8S = 10n ** BigInt(TOKEN_PLACES);

/** Tokens from e8s, for people: `12.5`. */
export function tokens(e8s: bigint | string): string {
  const amount = BigInt(e8s);
  const fraction = String(amount % TOKEN_E8S)
    .padStart(TOKEN_PLACES, '0')
    .replace(/0+$/, '');
  return `${amount / TOKEN_E8S}${fraction && `.${fraction}`}`;
}
