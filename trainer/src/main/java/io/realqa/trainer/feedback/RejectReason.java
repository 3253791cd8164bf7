package io.realqa.trainer.feedback;

/** Why a label does not count. The catalogue of reason codes; docs/training.md has the same table. */
public enum RejectReason {
    UNREADABLE("the record is no label: another schema, broken bytes, or no value"),
    INCOMPLETE("no image, platform or labeller is named, or there is no opinion, or score and ratings are both set"),
    OUT_OF_RANGE("a score, rating or deviation lies outside the profile's scale"),
    TOO_LARGE("label and score event together have more bytes than the topic of training labels takes"),
    UNKNOWN_ATTRIBUTE("an attribute, or a value of one, that the profile does not have"),
    FOREIGN_ANSWER("the score event that it corrects is of another image or platform"),
    DUPLICATE("this labeller has labelled this image on this platform before"),
    CONFLICT("it is further from what others said of the image than the settings allow"),
    LABELLER_SHARE("one labeller would give a larger share of the platform's labels than the settings allow"),
    IMAGE_UNKNOWN("it has no URI, and no score event tells where the image is"),
    SHA256_INVALID("the digest that it names is not 64 hex digits"),
    IMAGE_GONE("the image cannot be fetched: it is gone, or its address is none that may be read"),
    IMAGE_CHANGED("what lies there now is not the image that was scored or labelled"),
    IMAGE_UNDECODABLE("the image cannot be decoded");

    private final String meaning;

    RejectReason(String meaning) {
        this.meaning = meaning;
    }

    /** In words. */
    public String meaning() {
        return meaning;
    }
}
