/** The drivers that come with Strata, in order of preference. The only file that imports `drivers/*`. */
import type { AnyDriverDefinition } from '@strata/core';
import cgroupNone from '@strata/driver-cgroup-none';
import cgroupV1 from '@strata/driver-cgroup-v1';
import cgroupV2 from '@strata/driver-cgroup-v2';
import imageLocal from '@strata/driver-image-local';
import layerBtrfs from '@strata/driver-layer-btrfs';
import layerOverlay from '@strata/driver-layer-overlay';
import layerVfs from '@strata/driver-layer-vfs';
import networkBridge from '@strata/driver-network-bridge';
import networkCni from '@strata/driver-network-cni';
import networkHost from '@strata/driver-network-host';
import networkNone from '@strata/driver-network-none';
import runtimeOci from '@strata/driver-runtime-oci';

export const builtinDrivers: readonly AnyDriverDefinition[] = [
  layerOverlay,
  layerBtrfs,
  layerVfs,
  imageLocal,
  networkBridge,
  networkNone,
  networkHost,
  networkCni,
  cgroupV2,
  cgroupV1,
  cgroupNone,
  runtimeOci,
];
