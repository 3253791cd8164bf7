package io.realqa.trainer.live;

/** What is measured of a served version. The catalogue; docs/training.md has the same table. */
public enum LiveMeasure {
    SRCC("srcc", "Spearman's rank correlation of score and label"),
    PLCC("plcc", "Pearson's correlation of score and label"),
    MAE("mae", "mean of the distance of score and label, in points"),
    NCM("ncm", "RealQA's NCM over the labels for which the event's digits determine it"),
    NCM_STAR("ncmStar", "RealQA's NCM* over the same labels"),
    NCM_SHARE("ncmShare", "share of the labels for which they do"),
    ACCURACY("accuracy.ATTRIBUTE", "share of the labels of an attribute that the version answered alike"),
    PSI("psi", "population stability index of the newest scores against the version's first"),
    KS("ks", "Kolmogorov-Smirnov distance of the same"),
    KS_P("ksP", "probability of such a distance by chance"),
    DEVIATION("deviation", "mean of the scores' standard deviation, in points"),
    DIGIT_ENTROPY("digitEntropy", "mean entropy of a digit's distribution, in nats"),
    GREEDY_GAP("greedyGap", "mean distance of the score and the number of its most probable digits, in points"),
    OFF_GRAMMAR("offGrammar", "mean probability outside the allowed scores");

    private final String key;
    private final String meaning;

    LiveMeasure(String key, String meaning) {
        this.key = key;
        this.meaning = meaning;
    }

    /** Name in events and metrics. */
    public String key() {
        return key;
    }

    /** In words. */
    public String meaning() {
        return meaning;
    }

    static String accuracy(String attribute) {
        return "accuracy." + attribute;
    }
}
