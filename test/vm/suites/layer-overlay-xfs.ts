import definition from '@strata/driver-layer-overlay';
import { layerCases } from './layer-cases.ts';

export default layerCases(definition, 'xfs', /./);
