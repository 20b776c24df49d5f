// A key in a token, as configurations name it.
import type { TokenKey } from '../../scripts/lib/model/types.ts';

/** What is not given is not named, but for the variable MY_PIN. */
export const tokenKey = (given: Partial<TokenKey>): TokenKey => ({
  token: undefined,
  serial: undefined,
  object: undefined,
  id: undefined,
  module: undefined,
  pinVariable: 'MY_PIN',
  ...given,
});
