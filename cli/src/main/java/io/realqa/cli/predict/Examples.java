package io.realqa.cli.predict;

import java.io.Closeable;
import java.util.Iterator;

/** A data set, read from its start to its end; nothing of it is held in memory but the example at hand. */
interface Examples extends Iterator<Example>, Closeable {}
