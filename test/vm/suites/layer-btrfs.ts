import definition from '@strata/driver-layer-btrfs';
import { layerCases } from './layer-cases.ts';

export default layerCases(definition, 'btrfs');
