/**
 * The default seccomp profile: which system calls a container may make.
 *
 * Derived from Docker's (moby profiles/seccomp/default.json, version 20.10.24), Copyright 2013-2022 Docker, Inc.,
 * licensed under the Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0).
 *
 * Changes: system calls of later kernels that need no privilege are allowed; io_uring and userfaultfd are not, as
 * in Docker since 25; socket families AF_ALG (38, CVE-2026-31431) and AF_VSOCK (40, reaches the host of a virtual
 * machine) are refused, and so is socketcall, whose arguments a filter cannot see (moby#52494). What is neither allowed
 * nor named in {@link refused} does not exist (ENOSYS), as in Podman's profile: programs that try a newer system call
 * than we or libseccomp know go on with the older one then, and give up at EPERM. runc does so for Docker by itself.
 */
export interface ProfileArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

export interface ProfileRule {
  /** Separated by white space. */
  readonly names: string;
  /** Refuse with this errno instead of allowing. */
  readonly errno?: number;
  readonly args?: readonly ProfileArgument[];
  /** Only on these architectures (GOARCH), only with this capability. */
  readonly arches?: readonly string[];
  readonly capability?: string;
  /** Not on these architectures, not with this capability. */
  readonly exceptArches?: readonly string[];
  readonly exceptCapability?: string;
}

/**
 * GOARCH of the host to what libseccomp calls it and the 32-bit ABI beside it. Not x32, which Docker lists: no
 * distribution is made for it, kernels refuse it unless booted with `syscall.x32=y`, and compiling the rules for one
 * more ABI costs every start 9 ms of 50. A process that calls by it is killed.
 */
export const profileArchitectures: Readonly<Record<string, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
  ppc64le: ['SCMP_ARCH_PPC64LE'],
  riscv64: ['SCMP_ARCH_RISCV64'],
};

/**
 * Not permitted (EPERM), unless a rule allows it. socketcall is the old way of x86 to make a socket: libseccomp allows it
 * along with `socket`, of any family, unless it is refused after that.
 */
export const refused = `
  _sysctl acct add_key afs_syscall bdflush bpf clock_settime clock_settime64 create_module delete_module
  fanotify_init finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy getpmsg init_module
  io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie
  mbind migrate_pages mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at
  open_tree perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev putpmsg
  query_module quotactl quotactl_fd reboot request_key security set_mempolicy set_mempolicy_home_node setdomainname
  sethostname setns settimeofday socketcall stime swapoff swapon sysfs syslog tuxcall umount umount2 unshare uselib
  userfaultfd ustat vhangup vm86 vm86old vserver`;

/** CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWNS, of clone(2). */
const namespaceFlags = [0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000];

/** Not permitted with these arguments. To be added after {@link refused}, which takes socketcall(2) from `socket`. */
export const refusedArguments: readonly ProfileRule[] = [38, 40]
  .map((family): ProfileRule => {
    return { names: 'socket', errno: 1, args: [{ index: 0, value: family, op: 'SCMP_CMP_EQ' }] };
  })
  .concat(
    namespaceFlags.flatMap((flag): ProfileRule[] =>
      [true, false].map((last) => ({
        names: 'clone',
        errno: 1,
        args: [{ index: last ? 1 : 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }],
        exceptCapability: 'CAP_SYS_ADMIN',
        [last ? 'arches' : 'exceptArches']: ['s390', 's390x'],
      })),
    ),
  );

export const profileRules: readonly ProfileRule[] = [
  {
    names: `
      _llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod
      chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
      clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat
      dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
      epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
      fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl
      fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
      fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake
      futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid
      geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid
      getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname
      getsockopt gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init
      inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64
      io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset
      landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr listxattrat
      llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create
      memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr
      mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
      mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat open
      openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 poll ppoll ppoll_time64 prctl pread64
      preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read
      readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages
      removexattr removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction
      rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
      rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
      sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
      sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl
      semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto
      set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32
      setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid
      setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat
      shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn socketpair splice stat
      stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill
      time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime
      timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times
      tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat
      utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev`,
  },
  { names: 'ptrace' },
  { names: 'personality', args: [{ index: 0, value: 0, op: 'SCMP_CMP_EQ' }] },
  { names: 'personality', args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }] },
  { names: 'personality', args: [{ index: 0, value: 131072, op: 'SCMP_CMP_EQ' }] },
  { names: 'personality', args: [{ index: 0, value: 131080, op: 'SCMP_CMP_EQ' }] },
  { names: 'personality', args: [{ index: 0, value: 4294967295, op: 'SCMP_CMP_EQ' }] },
  { names: 'sync_file_range2', arches: ['ppc64le'] },
  {
    names: `
      arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls`,
    arches: ['arm', 'arm64'],
  },
  { names: 'arch_prctl', arches: ['amd64', 'x32'] },
  { names: 'modify_ldt', arches: ['amd64', 'x32', 'x86'] },
  { names: 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr', arches: ['s390', 's390x'] },
  { names: 'open_by_handle_at', capability: 'CAP_DAC_READ_SEARCH' },
  {
    names: `
      bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
      lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount name_to_handle_at open_tree
      perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare`,
    capability: 'CAP_SYS_ADMIN',
  },
  {
    names: 'clone',
    args: [{ index: 0, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    exceptCapability: 'CAP_SYS_ADMIN',
    exceptArches: ['s390', 's390x'],
  },
  {
    names: 'clone',
    args: [{ index: 1, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    arches: ['s390', 's390x'],
    exceptCapability: 'CAP_SYS_ADMIN',
  },
  { names: 'clone3', errno: 38, exceptCapability: 'CAP_SYS_ADMIN' },
  { names: 'reboot', capability: 'CAP_SYS_BOOT' },
  { names: 'chroot', capability: 'CAP_SYS_CHROOT' },
  { names: 'delete_module init_module finit_module', capability: 'CAP_SYS_MODULE' },
  { names: 'acct', capability: 'CAP_SYS_PACCT' },
  {
    names: `
      kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace`,
    capability: 'CAP_SYS_PTRACE',
  },
  { names: 'iopl ioperm', capability: 'CAP_SYS_RAWIO' },
  { names: 'settimeofday stime clock_settime', capability: 'CAP_SYS_TIME' },
  { names: 'vhangup', capability: 'CAP_SYS_TTY_CONFIG' },
  { names: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node', capability: 'CAP_SYS_NICE' },
  { names: 'syslog', capability: 'CAP_SYSLOG' },
  { names: 'socket', args: [{ index: 0, value: 38, op: 'SCMP_CMP_LT' }] },
  { names: 'socket', args: [{ index: 0, value: 39, op: 'SCMP_CMP_EQ' }] },
  { names: 'socket', args: [{ index: 0, value: 40, op: 'SCMP_CMP_GT' }] },
];
