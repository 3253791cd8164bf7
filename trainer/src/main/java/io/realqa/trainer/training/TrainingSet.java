package io.realqa.trainer.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import io.realqa.trainer.Label;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.util.List;
import java.util.TreeMap;

/** A training set and settings as text that says the same for the same content. */
final class TrainingSet {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TrainingSet() {}

    /** One JSON line for each image: its part, name, digest and label. */
    static String lines(HeldOut.Split split) {
        StringBuilder lines = new StringBuilder();
        append(lines, "training", split.training());
        append(lines, "held-out", split.heldOut());
        return lines.toString();
    }

    private static void append(StringBuilder lines, String part, List<LabelledImage> images) {
        for (LabelledImage image : images) {
            ObjectNode json = JSON.createObjectNode();
            Label label = image.label();
            json.put("part", part).put("image", image.name()).put("sha256", image.sha256());
            label.score().ifPresent(s -> json.put("score", s));
            label.deviation().ifPresent(d -> json.put("deviation", d));
            if (!label.attributes().isEmpty()) {
                json.set("attributes", JSON.valueToTree(new TreeMap<>(label.attributes())));
            }
            lines.append(json).append('\n');
        }
    }

    static ObjectNode settings(TrainingSettings s) {
        ObjectNode json = JSON.createObjectNode();
        LoraSettings lora = s.lora();
        if (lora == null) {
            json.putNull("lora");
        } else {
            json.set("lora", lora(lora));
        }
        LossSettings loss = s.loss();
        ObjectNode o = json.putObject("loss");
        ArrayNode digits = o.putArray("digitWeights");
        loss.digitWeights().forEach(digits::add);
        o.put("expectationWeight", loss.expectationWeight()).put("softLabels", loss.softLabels());
        json.put("epochs", s.epochs()).put("stepImages", s.stepImages()).put("passImages", s.passImages());
        json.put("learningRate", s.learningRate()).put("warmUp", s.warmUp());
        json.put("decay", s.decay()).put("clip", s.clip()).put("seed", s.seed());
        json.put("rehearsal", s.rehearsal()).put("baseShare", s.baseShare());
        QuestionMix mix = s.questions();
        ObjectNode q = json.putObject("questions");
        q.put("plain", mix.plain()).put("attributes", mix.attributes()).put("form", mix.form());
        mix.formQuestion()
                .ifPresent(f -> q.putObject("formQuestion")
                        .put("question", f.question())
                        .put("answer", f.answer()));
        return json;
    }

    private static ObjectNode lora(LoraSettings lora) {
        ObjectNode l = JSON.createObjectNode();
        l.put("rank", lora.rank()).put("alpha", lora.alpha()).put("dropout", lora.dropout());
        l.put("rankStabilised", lora.rankStabilised());
        l.set("targets", texts(lora.targets()));
        l.set("excluded", texts(lora.excluded()));
        l.set("rankPattern", JSON.valueToTree(new TreeMap<>(lora.rankPattern())));
        l.set("alphaPattern", JSON.valueToTree(new TreeMap<>(lora.alphaPattern())));
        return l;
    }

    private static ArrayNode texts(List<String> texts) {
        ArrayNode array = JSON.createArrayNode();
        texts.forEach(array::add);
        return array;
    }
}
