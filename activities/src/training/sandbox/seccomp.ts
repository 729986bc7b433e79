/**
 * Which system calls a recipe cannot make, as a program for the kernel's packet filter (seccomp(2)).
 * What is refused is refused with an error, so that a library that merely tries goes on without; another architecture's
 * calls, and those of the x32 kind, end the process.
 */

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const refuse = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** struct seccomp_data: the call's number, the architecture, and the lower halves of the first two arguments. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST = 16;
const SECOND = 24;

/** Every namespace that clone(2) makes: cgroup, uts, ipc, user, pid, net and mount. */
const NEW_NAMESPACES = 0x7e020000;
const AF_UNIX = 1;
/** Types into a terminal in its user's place. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

interface Machine {
  audit: number;
  clone: number;
  socket: number;
  ioctl: number;
  /** Numbers from here on are another calling convention's. */
  foreign: number | null;
  refused: Record<string, number>;
}

/** Since Linux 5.0 every architecture has the same numbers. */
const EVERYWHERE = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfd_getfd: 438,
  process_madvise: 440,
  mount_setattr: 442,
  quotactl_fd: 443,
  memfd_secret: 447,
  statmount: 457,
  listmount: 458,
  open_tree_attr: 467,
};
/** Not there, as on an older kernel: the C library makes processes and threads by clone(2) then, whose flags show. */
const CLONE3 = 435;

const MACHINES: Partial<Record<NodeJS.Architecture, Machine>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    socket: 41,
    ioctl: 16,
    foreign: 0x40000000,
    refused: {
      ptrace: 101,
      syslog: 103,
      uselib: 134,
      personality: 135,
      vhangup: 153,
      modify_ldt: 154,
      pivot_root: 155,
      _sysctl: 156,
      adjtimex: 159,
      chroot: 161,
      acct: 163,
      settimeofday: 164,
      mount: 165,
      umount2: 166,
      swapon: 167,
      swapoff: 168,
      reboot: 169,
      sethostname: 170,
      setdomainname: 171,
      iopl: 172,
      ioperm: 173,
      init_module: 175,
      delete_module: 176,
      quotactl: 179,
      nfsservctl: 180,
      lookup_dcookie: 212,
      clock_settime: 227,
      kexec_load: 246,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      unshare: 272,
      perf_event_open: 298,
      fanotify_init: 300,
      name_to_handle_at: 303,
      open_by_handle_at: 304,
      clock_adjtime: 305,
      setns: 308,
      process_vm_readv: 310,
      process_vm_writev: 311,
      kcmp: 312,
      finit_module: 313,
      memfd_create: 319,
      kexec_file_load: 320,
      bpf: 321,
      userfaultfd: 323,
      ...EVERYWHERE,
    },
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    socket: 198,
    ioctl: 29,
    foreign: null,
    refused: {
      lookup_dcookie: 18,
      umount2: 39,
      mount: 40,
      pivot_root: 41,
      nfsservctl: 42,
      chroot: 51,
      vhangup: 58,
      quotactl: 60,
      acct: 89,
      personality: 92,
      unshare: 97,
      kexec_load: 104,
      init_module: 105,
      delete_module: 106,
      clock_settime: 112,
      syslog: 116,
      ptrace: 117,
      reboot: 142,
      sethostname: 161,
      setdomainname: 162,
      settimeofday: 170,
      adjtimex: 171,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      swapon: 224,
      swapoff: 225,
      perf_event_open: 241,
      fanotify_init: 262,
      name_to_handle_at: 264,
      open_by_handle_at: 265,
      clock_adjtime: 266,
      setns: 268,
      process_vm_readv: 270,
      process_vm_writev: 271,
      kcmp: 272,
      finit_module: 273,
      memfd_create: 279,
      bpf: 280,
      userfaultfd: 282,
      kexec_file_load: 294,
      ...EVERYWHERE,
    },
  },
};

/** An instruction: load a word, jump, test bits, mask, or answer. */
interface Instruction {
  code: number;
  yes?: number;
  no?: number;
  value: number;
}
const load = (offset: number): Instruction => ({ code: 0x20, value: offset });
const ifEqual = (value: number, yes: number, no: number): Instruction => ({ code: 0x15, yes, no, value });
const ifAtLeast = (value: number, yes: number, no: number): Instruction => ({ code: 0x35, yes, no, value });
const ifAnyBit = (value: number, yes: number, no: number): Instruction => ({ code: 0x45, yes, no, value });
const answer = (value: number): Instruction => ({ code: 0x06, value });

/**
 * The filter for this machine, as bubblewrap's `--seccomp` reads it.
 *
 * @returns undefined on an architecture whose calls this table does not know
 */
export function seccompFilter(architecture: NodeJS.Architecture = process.arch): Uint8Array | undefined {
  const machine = MACHINES[architecture];
  return machine && encoded(programFor(machine));
}

/** What the filter refuses, by name, for those who tell of it. */
export const refusedCalls = (architecture: NodeJS.Architecture = process.arch): string[] =>
  Object.keys(MACHINES[architecture]?.refused ?? {});

function programFor({ audit, clone, socket, ioctl, foreign, refused }: Machine): Instruction[] {
  return [
    load(ARCHITECTURE),
    ifEqual(audit, 1, 0),
    answer(KILL_PROCESS),
    load(NUMBER),
    ...(foreign === null ? [] : [ifAtLeast(foreign, 0, 1), answer(KILL_PROCESS)]),
    ifEqual(CLONE3, 0, 1),
    answer(refuse(ENOSYS)),
    ...Object.values(refused).flatMap((number) => [ifEqual(number, 0, 1), answer(refuse(EPERM))]),
    ifEqual(clone, 0, 4),
    load(FIRST),
    ifAnyBit(NEW_NAMESPACES, 0, 1),
    answer(refuse(EPERM)),
    answer(ALLOW),
    ifEqual(socket, 0, 4),
    load(FIRST),
    ifEqual(AF_UNIX, 1, 0),
    answer(refuse(EAFNOSUPPORT)),
    answer(ALLOW),
    ifEqual(ioctl, 0, 4),
    load(SECOND),
    ifEqual(TIOCSTI, 1, 0),
    ifEqual(TIOCLINUX, 0, 1),
    answer(refuse(EPERM)),
    answer(ALLOW),
  ];
}

/** struct sock_filter: 16 bits of code, two jumps of 8, and 32 of value, in the machine's order. */
function encoded(program: Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(({ code, yes = 0, no = 0, value }, index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, yes);
    bytes.setUint8(index * 8 + 3, no);
    bytes.setUint32(index * 8 + 4, value >>> 0, true);
  });
  return new Uint8Array(bytes.buffer);
}
