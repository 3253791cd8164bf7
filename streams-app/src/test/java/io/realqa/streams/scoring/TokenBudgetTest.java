package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenBudgetTest {
    private final TokenBudget budget = new TokenBudget(1600);

    private void fit(int batches) {
        for (int i = 0; i < batches; i++) {
            budget.fitted();
        }
    }

    @Test
    void aBatchThatDoesNotFitHalvesTheBudget() {
        budget.outOfMemory(1600);
        assertThat(budget.current()).isEqualTo(800);
        budget.outOfMemory(800);
        assertThat(budget.current()).isEqualTo(400);
    }

    @Test
    void aSmallerBatchThatDoesNotFitCountsByItsOwnSize() {
        budget.outOfMemory(300);
        assertThat(budget.current()).isEqualTo(150);
    }

    @Test
    void theBudgetNeverRisesThroughAFailureNorFallsToNothing() {
        budget.outOfMemory(100);
        budget.outOfMemory(1600);
        assertThat(budget.current()).isEqualTo(50);
        for (int i = 0; i < 50; i++) {
            budget.outOfMemory(1);
        }
        assertThat(budget.current()).isEqualTo(1);
    }

    @Test
    void itComesBackStepByStepAfterSteadyBatchesAndNotBeyondTheMost() {
        budget.outOfMemory(1600);
        fit(TokenBudget.STEADY_BATCHES - 1);
        assertThat(budget.current()).isEqualTo(800);
        fit(1);
        assertThat(budget.current()).isEqualTo(900);
        fit(TokenBudget.STEADY_BATCHES * 100);
        assertThat(budget.current()).isEqualTo(1600);
    }

    @Test
    void aFailureStartsTheCountAgain() {
        budget.outOfMemory(1600);
        fit(TokenBudget.STEADY_BATCHES - 1);
        budget.outOfMemory(800);
        fit(TokenBudget.STEADY_BATCHES - 1);
        assertThat(budget.current()).isEqualTo(400);
    }
}
