package io.realqa.cli.calibrate;

import java.util.Map;

/**
 * A raw score and what people say.
 *
 * @param scoredBy digests of what gave the score, by the names that a calibration has for them; empty: not known
 */
record ScorePair(double score, double label, Map<String, String> scoredBy) {}
