import { exactly, fresh, notBefore } from './metadata.js';

describe('metadata', () => {
  it('has expired from the moment on that it names, and not before (TUF 5.3.10)', () => {
    const expires = '2030-01-01T00:00:00Z';
    const end = Date.parse(expires);
    expect(() => fresh({ expires }, 'root', new Date(end - 1))).not.toThrow();
    for (const at of [end, end + 1])
      expect(() => fresh({ expires }, 'root', new Date(at))).toThrow(
        expect.objectContaining({ code: 'staleMetadata', details: { role: 'root', expires } }),
      );
  });

  it('does not go down in its version', () => {
    for (const offered of [5, 6]) expect(() => notBefore(5, offered, 'x.json')).not.toThrow();
    expect(() => notBefore(5, 4, 'x.json')).toThrow(
      expect.objectContaining({ code: 'metadataRollback', details: { role: 'x.json', offered: 4, had: 5 } }),
    );
  });

  it('has the version that names it', () => {
    expect(() => exactly(5, 5, 'targets')).not.toThrow();
    for (const offered of [4, 6])
      expect(() => exactly(5, offered, 'targets')).toThrow(expect.objectContaining({ code: 'untrustedMetadata' }));
  });
});
