/**
 * The smallest programs that make one system call each and end with its answer: Node.js offers no such call, and what a
 * hostile recipe would do is write one and run it. For the probe, which has to try what is forbidden.
 */

const BASE = 0x400000;
const HEADERS = 64 + 56;
/** How a program ends whose call succeeded; else with the number of its error. */
export const SUCCEEDED = 0;

/** What is tried: a name, its number on x86-64 and on arm64, and arguments with which it would do harm. */
const CALLS: readonly (readonly [string, number, number, readonly number[]])[] = [
  ['ptrace', 101, 117, [0]],
  ['unshare', 272, 97, [0x10000000]],
  ['unshareMounts', 272, 97, [0x00020000]],
  ['cloneUserNamespace', 56, 220, [0x10000011]],
  ['setns', 308, 268, [3, 0]],
  ['umount2', 166, 39, [BASE, 2]],
  ['mount', 165, 40, [0, BASE, 0, 0x1021]],
  ['chroot', 161, 51, [BASE]],
  ['keyctl', 250, 219, [0, -3]],
  ['bpf', 321, 280, [0]],
  ['perfEvent', 298, 241, [BASE, 0, -1]],
  ['userfaultfd', 323, 282, [1]],
  ['ioUring', 425, 425, [1, BASE]],
  ['memfd', 319, 279, [BASE]],
  ['inetSocket', 41, 198, [2, 1]],
  ['inet6Socket', 41, 198, [10, 2]],
  ['netlinkSocket', 41, 198, [16, 3]],
  ['packetSocket', 41, 198, [17, 3]],
  ['vsock', 41, 198, [40, 1]],
  ['personality', 135, 92, [0x0040000]],
  ['setuid', 105, 146, [0]],
  ['kexec', 246, 104, [0, 0]],
  ['initModule', 175, 105, [0, 0]],
];
const EXIT = { x64: 60, arm64: 93 };

/** Programs by the name of what they try, for this machine; none on one that they are not written for. */
export function forbiddenCalls(architecture: NodeJS.Architecture = process.arch): Record<string, Uint8Array> {
  if (architecture !== 'x64' && architecture !== 'arm64') return {};
  return Object.fromEntries(
    CALLS.map(([name, x64, arm64, args]) => [
      name,
      executable(architecture, architecture === 'x64' ? x64 : arm64, args),
    ]),
  );
}

/** An ELF file of one segment. Its own beginning serves as a path: the text after the code is "/proc". */
function executable(architecture: 'x64' | 'arm64', number: number, args: readonly number[]): Uint8Array {
  const text = new TextEncoder().encode('/proc\0');
  const length = 160;
  const place = BASE + HEADERS + length;
  const given = args.map((value) => (value === BASE ? place : value));
  const code = architecture === 'x64' ? codeForX64(number, given) : codeForArm64(number, given);
  const bytes = new Uint8Array(HEADERS + length + 512);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, architecture === 'x64' ? 62 : 183, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(BASE + HEADERS), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  // One segment: readable, writable, executable, the whole file.
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setBigUint64(80, BigInt(BASE), true);
  view.setBigUint64(88, BigInt(BASE), true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(code, HEADERS);
  bytes.set(text, HEADERS + length);
  return bytes;
}

/** Loads arguments, calls; ends with 0 when the answer is not an error, else with the error's number. */
function codeForX64(number: number, args: readonly number[]): number[] {
  const immediate = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
  // mov rdi, rsi, rdx, r10: sign-extended from 32 bits
  const registers = [
    [0x48, 0xc7, 0xc7],
    [0x48, 0xc7, 0xc6],
    [0x48, 0xc7, 0xc2],
    [0x49, 0xc7, 0xc2],
  ];
  const padded = [0, 1, 2, 3].map((index) => args[index] ?? 0);
  return [
    ...padded.flatMap((value, index) => [...registers[index]!, ...immediate(value)]),
    ...[0x4d, 0x31, 0xc0], // xor r8, r8
    ...[0x4d, 0x31, 0xc9], // xor r9, r9
    ...[0xb8, ...immediate(number)], // mov eax
    ...[0x0f, 0x05], // syscall
    ...[0x31, 0xff], // xor edi, edi
    ...[0x48, 0x85, 0xc0], // test rax, rax
    ...[0x79, 0x04], // jns over the next two
    ...[0x89, 0xc7], // mov edi, eax
    ...[0xf7, 0xdf], // neg edi
    ...[0xb8, ...immediate(EXIT.x64)],
    ...[0x0f, 0x05],
  ];
}

function codeForArm64(number: number, args: readonly number[]): number[] {
  const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const movz = (register: number, value: number, half: number): number =>
    0xd2800000 + half * 0x200000 + (value & 0xffff) * 32 + register;
  const movk = (register: number, value: number, half: number): number =>
    0xf2800000 + half * 0x200000 + (value & 0xffff) * 32 + register;
  const put = (register: number, value: number): number[] => [
    ...word(movz(register, value, 0)),
    ...word(movk(register, value >> 16, 1)),
    ...(value < 0 ? [...word(movk(register, -1, 2)), ...word(movk(register, -1, 3))] : []),
  ];
  return [
    ...[0, 1, 2, 3, 4].flatMap((register) => put(register, args[register] ?? 0)),
    ...put(8, number),
    ...word(0xd4000001), // svc 0
    ...word(0xf100001f), // cmp x0, 0
    ...word(0xda80a400), // cneg x0, x0, lt (csneg x0, x0, x0, ge)
    ...word(0x9a9fb000), // csel x0, x0, xzr, lt
    ...put(8, EXIT.arm64),
    ...word(0xd4000001),
  ];
}
