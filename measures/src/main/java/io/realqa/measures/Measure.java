package io.realqa.measures;

/** The measures of agreement. */
public enum Measure {
    PLCC(true),
    SRCC(true),
    KRCC(true),
    MAE(false),
    RMSE(false);

    private final boolean moreIsBetter;

    Measure(boolean moreIsBetter) {
        this.moreIsBetter = moreIsBetter;
    }

    public boolean moreIsBetter() {
        return moreIsBetter;
    }
}
