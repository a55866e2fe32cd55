// Insight pages of recognizers with very many labels: one is found by typing.

import { connectFinders } from "../shared/label_finder.js";

connectFinders();
