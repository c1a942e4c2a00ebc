import { quotaCases } from './quota-cases.ts';

export default quotaCases('xfs', /./);
