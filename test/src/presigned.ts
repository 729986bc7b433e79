import { createHash, createHmac } from 'node:crypto';

interface Where {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** A URL that gives whoever has it one object for five minutes (AWS Signature Version 4, query parameters). */
export function presigned({ endpoint, region, bucket, accessKeyId, secretAccessKey }: Where, key: string): string {
  const { host } = new URL(endpoint);
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const scope = `${at.slice(0, 8)}/${region}/s3/aws4_request`;
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': at,
    'X-Amz-Expires': '300',
    'X-Amz-SignedHeaders': 'host',
  }).toString();
  const request = ['GET', `/${bucket}/${key}`, query, `host:${host}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const text = ['AWS4-HMAC-SHA256', at, scope, createHash('sha256').update(request).digest('hex')].join('\n');
  const signing = scope
    .split('/')
    .reduce<string | Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      `AWS4${secretAccessKey}`,
    );
  const signature = createHmac('sha256', signing).update(text).digest('hex');
  return `${endpoint}/${bucket}/${key}?${query}&X-Amz-Signature=${signature}`;
}
