import { formatProfiles } from './support/profile.ts';
console.log(formatProfiles(process.argv[2]!));
