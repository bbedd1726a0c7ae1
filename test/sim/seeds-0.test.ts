// One share of the seeds that every run of the tests simulates.
import { testShare } from './seed-tests.ts';

testShare(0);
