/** One request, as the access log keeps it: who read what kind of thing where, and never what. */
export interface Access {
  status: number;
  method: string;
  /** Without its query, which may hold a token. */
  path: string;
  address: string;
  origin?: string | undefined;
  subject?: string | undefined;
  namespace?: string | undefined;
  payloads?: number;
  /** Payloads that were given back as they came, by reason. */
  unread?: Record<string, number>;
  keys?: string[];
  why?: string;
  ms: number;
}

/** Counts requests for Prometheus. */
export class Counts {
  private readonly counts = new Map<string, number>();

  add({ path, status, namespace }: Access): void {
    const action = ['/encode', '/decode', '/signin'].includes(path) ? path.slice(1) : 'other';
    const labels = `action="${action}",namespace="${(status < 400 && namespace) || ''}",status="${status}"`;
    this.counts.set(labels, (this.counts.get(labels) ?? 0) + 1);
  }

  get text(): string {
    return [
      '# HELP livepod_codec_requests_total Requests to the codec server.',
      '# TYPE livepod_codec_requests_total counter',
      ...[...this.counts].map(([labels, count]) => `livepod_codec_requests_total{${labels}} ${count}`),
      '',
    ].join('\n');
  }
}
