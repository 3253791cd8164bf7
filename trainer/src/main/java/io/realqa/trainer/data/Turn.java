package io.realqa.trainer.data;

/**
 * One message of a conversation.
 *
 * @param role who speaks
 * @param text what is said; {@value Conversation#IMAGE} and {@value Conversation#VIDEO} stand where media go
 */
public record Turn(Role role, String text) {
    /** Speakers, as the data set's tags map onto them. */
    public enum Role {
        USER,
        ASSISTANT,
        OBSERVATION,
        FUNCTION
    }
}
