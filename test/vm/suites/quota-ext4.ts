import { quotaCases } from './quota-cases.ts';

export default quotaCases('ext4');
