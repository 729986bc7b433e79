import { configure } from './configuration.js';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

describe("a process's configuration", () => {
  it('lists everything that is missing or wrong at once, each with what to do', () => {
    for (const name of ['LIVEPOD_NETWORK', 'LIVEPOD_HOLDOUT']) delete process.env[name];
    Object.assign(process.env, {
      LIVEPOD_IDENTITY: '/nowhere/identity.json',
      LIVEPOD_CODEC_KEYS: 'off',
      LIVEPOD_HEALTH_PORT: 'http',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector',
      TEMPORAL_TLS: 'maybe',
    });
    let message = '';
    try {
      configure({ LIVEPOD_HOLDOUT: 'a folder of recordings' });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('\n')).toEqual([
      expect.stringMatching(/^Set LIVEPOD_NETWORK \(.*\), LIVEPOD_HOLDOUT \(a folder of recordings\)\.$/),
      expect.stringMatching(/^LIVEPOD_IDENTITY names \/nowhere\/identity.json, which is not there/),
      expect.stringMatching(/^LIVEPOD_HEALTH_PORT is "http"; give a port/),
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT is "collector"; give the URL/),
      expect.stringMatching(/^TEMPORAL_TLS is "maybe"; give true or false/),
    ]);
  });
});
