import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { CodecError } from '../errors.js';

export interface Trust {
  /** The issuer's public keys: a JWKS file, or the URL of one. */
  jwks: string;
  issuer: string;
  audience: string;
}

/** Who asks, as a token says it. */
export interface Reader {
  subject: string;
  /** `namespace:role`, as in Temporal's own claim `permissions`; roles: read, write, admin. */
  permissions: readonly string[];
  /** Seconds since the epoch. */
  expires: number;
}

/** Checks tokens: signature, issuer, audience, time, and that somebody is named. */
export class Authentication {
  private constructor(
    private readonly keys: JWTVerifyGetKey,
    private readonly trust: Trust,
  ) {}

  /** @throws CodecError `badOption` */
  static async open(trust: Trust): Promise<Authentication> {
    if (/^https?:/.test(trust.jwks)) return new Authentication(createRemoteJWKSet(new URL(trust.jwks)), trust);
    try {
      return new Authentication(
        createLocalJWKSet(JSON.parse(await readFile(trust.jwks, 'utf8')) as JSONWebKeySet),
        trust,
      );
    } catch (cause) {
      throw new CodecError(
        'badOption',
        { jwks: trust.jwks },
        `LIVEPOD_CODEC_JWKS names ${trust.jwks}, which is no JSON Web Key Set: ${(cause as Error).message}.`,
        { cause },
      );
    }
  }

  /** @returns why not, in one word for the access log, when the token is not good */
  async read(token: string): Promise<Reader | string> {
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer: this.trust.issuer,
        audience: this.trust.audience,
        algorithms: ['EdDSA', 'Ed25519', 'RS256'],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: 5,
      });
      const permissions = Array.isArray(payload['permissions'])
        ? payload['permissions'].filter((one) => typeof one === 'string')
        : [];
      return { subject: payload.sub!, permissions, expires: payload.exp! };
    } catch (error) {
      return (error as { code?: string }).code ?? 'unreadable';
    }
  }
}

const ROLES = { decode: ['read', 'write', 'admin'], encode: ['write', 'admin'] } as const;

export const may = ({ permissions }: Reader, action: keyof typeof ROLES, namespace: string): boolean =>
  ROLES[action].some((role) => permissions.includes(`${namespace}:${role}`));
