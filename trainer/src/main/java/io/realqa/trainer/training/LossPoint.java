package io.realqa.trainer.training;

/**
 * What one step found.
 *
 * @param step from 1
 * @param crossEntropy mean over the answers' tokens, nats
 * @param squaredError of the score's expectation; 0 without the expectation loss
 * @param gradientNorm before clipping
 * @param learningRate of the step
 */
public record LossPoint(int step, double crossEntropy, double squaredError, double gradientNorm, double learningRate) {}
