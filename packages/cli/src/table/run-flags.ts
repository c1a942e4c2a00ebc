import {
  bool,
  bytes,
  decimal,
  detachKeys,
  duration,
  type FlagSpec,
  int,
  list,
  platformFlag,
  storageFlag,
  string,
} from './spec.ts';

const signalName = { value: 'signal' };

/** Limits, shared by create, run and update. */
export const resourceFlags: readonly FlagSpec[] = [
  int('blkio-weight', 'Block IO weight, 10 to 1000', { value: 'weight' }),
  int('cpu-period', 'CFS period in microseconds'),
  int('cpu-quota', 'CFS quota in microseconds'),
  int('c,cpu-shares', 'CPU shares (relative weight)'),
  decimal('cpus', 'Number of CPUs'),
  string('cpuset-cpus', 'CPUs in which to allow execution (0-3, 0,1)'),
  string('cpuset-mems', 'Memory nodes in which to allow execution (0-3, 0,1)'),
  bytes('m,memory', 'Memory limit'),
  bytes('memory-reservation', 'Memory soft limit'),
  bytes('memory-swap', "Limit of memory plus swap; '-1' for unlimited swap"),
  int('pids-limit', 'Limit of processes and threads (-1 for unlimited)'),
];

/** Shared by create, run and update. */
export const restartFlag = string('restart', 'Restart policy: no, always, unless-stopped or on-failure[:n]', {
  value: 'policy',
  complete: ['no', 'always', 'unless-stopped', 'on-failure'],
});

const processFlags: readonly FlagSpec[] = [
  list('e,env', 'Set environment variables', { value: 'name[=value]' }),
  list('env-file', 'Read in a file of environment variables', { value: 'file', complete: 'file' }),
  string('entrypoint', 'Overwrite the default ENTRYPOINT of the image', { value: 'command' }),
  bool('i,interactive', 'Keep STDIN open even if not attached'),
  bool('t,tty', 'Allocate a pseudo-TTY'),
  string('u,user', 'Username or UID (format: <name|uid>[:<group|gid>])'),
  string('w,workdir', 'Working directory inside the container', { value: 'directory' }),
  list('group-add', 'Add additional groups to join', { value: 'group' }),
  bool('init', 'Run an init inside the container that forwards signals and reaps processes'),
  string('stop-signal', 'Signal to stop the container', signalName),
  int('stop-timeout', 'Seconds to wait before the container is killed', { value: 'seconds' }),
  list('ulimit', 'Ulimit options', { value: 'name=soft[:hard]' }),
  int('oom-score-adj', "Tune the host's OOM preferences (-1000 to 1000)"),
];

const healthFlags: readonly FlagSpec[] = [
  string('health-cmd', 'Command to run to check health', { value: 'command' }),
  duration('health-interval', 'Time between running the check (default 30s)'),
  int('health-retries', 'Consecutive failures needed to report unhealthy (default 3)', { value: 'n' }),
  duration('health-start-interval', 'Time between running the check during the start period (default 5s)'),
  duration('health-start-period', 'Start period for the container to initialize before failures count'),
  duration('health-timeout', 'Maximum time to allow one check to run (default 30s)'),
  bool('no-healthcheck', "Disable the image's HEALTHCHECK"),
];

const isolationFlags: readonly FlagSpec[] = [
  list('cap-add', 'Add Linux capabilities', { value: 'capability' }),
  list('cap-drop', 'Drop Linux capabilities', { value: 'capability' }),
  string('cgroup-parent', 'Optional parent cgroup for the container', { value: 'path' }),
  list('device', 'Add a host device to the container', { value: 'host[:container[:rwm]]' }),
  list('device-read-bps', 'Limit read rate from a device', { value: 'device:bytes' }),
  list('device-read-iops', 'Limit read operations per second from a device', { value: 'device:rate' }),
  list('device-write-bps', 'Limit write rate to a device', { value: 'device:bytes' }),
  list('device-write-iops', 'Limit write operations per second to a device', { value: 'device:rate' }),
  string('ipc', 'IPC namespace: host, private, shareable, none or container:ID', { value: 'mode' }),
  string('pid', 'PID namespace: host, private or container:ID', { value: 'mode' }),
  string('uts', 'UTS namespace: host or private', { value: 'mode' }),
  bool('oom-kill-disable', 'Disable the OOM killer'),
  int('memory-swappiness', 'Tune memory swappiness (0 to 100)'),
  bool('privileged', 'Give extended privileges to this container'),
  bool('read-only', "Mount the container's root filesystem as read only"),
  list('security-opt', 'Security options', { value: 'option' }),
  bytes('shm-size', 'Size of /dev/shm'),
  list('sysctl', 'Sysctl options', { value: 'name=value' }),
];

const mountFlags: readonly FlagSpec[] = [
  list('mount', 'Attach a filesystem mount (type=bind|volume|tmpfs,…)', { value: 'options' }),
  list('tmpfs', 'Mount a tmpfs directory', { value: 'path[:options]' }),
  list('v,volume', 'Bind mount a volume or a host directory', {
    value: '[source:]container[:options]',
    complete: 'file',
  }),
  list('volumes-from', 'Mount the volumes of another container', {
    value: 'container[:ro]',
    complete: 'container',
  }),
];

const networkFlags: readonly FlagSpec[] = [
  list('add-host', 'Add a custom host-to-IP mapping', { value: 'host:ip' }),
  list('dns', 'Set custom DNS servers', { value: 'address' }),
  list('dns-option', 'Set DNS options', { value: 'option' }),
  list('dns-opt', 'Alias of --dns-option', { hidden: true }),
  list('dns-search', 'Set custom DNS search domains', { value: 'domain' }),
  string('domainname', 'Container NIS domain name', { value: 'name' }),
  string('h,hostname', 'Container host name', { value: 'name' }),
  list('expose', 'Expose a port or a range of ports', { value: 'port[/proto]' }),
  string('ip', 'IPv4 address', { value: 'address' }),
  string('ip6', 'IPv6 address', { value: 'address' }),
  string('mac-address', 'MAC address', { value: 'address' }),
  list('network', 'Network: bridge, none, host, container:ID or a name[,alias…]', {
    value: 'network',
    complete: 'network',
  }),
  list('net', 'Alias of --network', { hidden: true }),
  list('network-alias', 'Add a network-scoped alias for the container', { value: 'name' }),
  list('p,publish', "Publish a container's port(s) to the host", { value: 'port' }),
  bool('P,publish-all', 'Publish all exposed ports to random ports'),
];

const identityFlags: readonly FlagSpec[] = [
  string('cidfile', 'Write the container ID to the file', { value: 'file', complete: 'file' }),
  list('l,label', 'Set metadata on a container', { value: 'name[=value]' }),
  list('label-file', 'Read in a file of labels', { value: 'file', complete: 'file' }),
  string('log-driver', 'Logging driver: k8s-file or none', {
    value: 'driver',
    complete: ['k8s-file', 'none'],
  }),
  list('log-opt', 'Log options: max-size, max-file', { value: 'name=value' }),
  string('name', 'Assign a name to the container'),
  platformFlag,
  string('pull', 'Pull image before running (always, missing, never)', {
    default: 'missing',
    value: 'when',
    complete: ['always', 'missing', 'never'],
  }),
  bool('q,quiet', 'Suppress the pull output'),
  restartFlag,
  bool('rm', 'Automatically remove the container when it exits'),
  string('runtime', 'OCI runtime to use for this container'),
  storageFlag,
  list('storage-opt', 'Limit the disk the container may use: size=10G, also size=10G,backing=loop', {
    value: 'name=value',
  }),
];

const byName = (a: FlagSpec, b: FlagSpec): number => (a.name < b.name ? -1 : 1);

export const createFlags: readonly FlagSpec[] = [
  ...processFlags,
  ...healthFlags,
  ...isolationFlags,
  ...mountFlags,
  ...networkFlags,
  ...identityFlags,
  ...resourceFlags,
  list('a,attach', 'Attach to STDIN, STDOUT or STDERR', {
    value: 'stream',
    complete: ['stdin', 'stdout', 'stderr'],
  }),
].sort(byName);

export const runFlags: readonly FlagSpec[] = [
  ...createFlags,
  bool('d,detach', 'Run container in background and print container ID'),
  detachKeys,
  bool('sig-proxy', 'Proxy received signals to the process', { default: true }),
].sort(byName);
