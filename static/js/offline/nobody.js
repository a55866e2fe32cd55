// On pages for people who are not signed in, such as the one to sign in: the device is nobody's.

import { setAccountHere } from "./account.js";

setAccountHere(null);
