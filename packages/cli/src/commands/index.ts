/** @module The handlers the table names, except the fast ones in `fast/`. */
export { exportTar, importTar, initImage, load, save } from './archives.ts';
export { attach, start } from './attach.ts';
export { bench } from './bench.ts';
export { diff, pruneContainers, top } from './containers.ts';
export { cp } from './cp.ts';
export { addDriver, inspectDrivers, listDrivers, removeDrivers, upgradeDrivers } from './driver.ts';
export { networkSuite, testDriver } from './driver-test.ts';
export { exec } from './exec.ts';
export { commit, history, pruneImages, pull, push, rmi, tag, unpack } from './images.ts';
export { inspect, inspectContainer, inspectImage } from './inspect.ts';
export {
  cleanup,
  keep,
  kill,
  pause,
  reap,
  rename,
  restart,
  rm,
  startSystem,
  stop,
  unpause,
  update,
  wait,
} from './lifecycle.ts';
export { login, logout } from './login.ts';
export { logs } from './logs.ts';
export { migrate } from './migrate.ts';
export {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  inspectNetworks,
  listNetworks,
  pruneNetworks,
  reloadNetworks,
  removeNetworks,
} from './network.ts';
export { port } from './port.ts';
export { create, run } from './run.ts';
export { snapshotter } from './snapshotter.ts';
export { stats } from './stats.ts';
export { initStorage, listStorage, pruneStorage } from './storage.ts';
export { check, diskUsage, events, info, pruneSystem } from './system.ts';
export { createVolume, inspectVolumes, listVolumes, pruneVolumes, removeVolumes } from './volume.ts';
