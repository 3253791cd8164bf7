package io.realqa.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LoadTest {
    @Test
    void theSameSeedGivesTheSameUploads() {
        Load one = new Load(7, 3_000, 6);
        Load same = new Load(7, 3_000, 6);
        Load other = new Load(8, 3_000, 6);
        int different = 0;
        for (int i = 0; i < 3_000; i++) {
            assertThat(one.upload(i)).isEqualTo(same.upload(i));
            different += one.upload(i).equals(other.upload(i)) ? 0 : 1;
        }
        assertThat(different).isGreaterThan(2_900);
    }

    @Test
    void everyKindComesAndMostUploadsAreGoodOnesByUri() {
        Load load = new Load(1, 20_000, 6);
        Map<Kind, Integer> kinds = new EnumMap<>(Kind.class);
        int repeated = 0;
        for (int i = 0; i < load.size(); i++) {
            Upload u = load.upload(i);
            kinds.merge(u.kind(), 1, Integer::sum);
            repeated += u.origin() == u.number() ? 0 : 1;
        }
        assertThat(kinds.keySet()).hasSize(Kind.values().length - 1).doesNotContain(Kind.DUPLICATE);
        assertThat(kinds.get(Kind.BY_URI)).isBetween(15_000, 16_500);
        assertThat(repeated).isBetween(200, 400);
    }

    @Test
    void aDuplicateHasIdPartitionAndContentOfTheUploadThatItRepeats() {
        Load load = new Load(3, 20_000, 6);
        for (int i = 0; i < load.size(); i++) {
            Upload u = load.upload(i);
            Upload first = load.upload(u.origin());
            assertThat(u.imageId()).isEqualTo(first.imageId());
            assertThat(u.partition()).isEqualTo(first.partition());
            assertThat(u.bytes()).isEqualTo(first.bytes());
            assertThat(first.origin()).isEqualTo(first.number());
        }
    }

    @Test
    void keysHaveSeveralVersionsAndStayInOnePartition() {
        Load load = new Load(1, 6_000, 6);
        Map<String, Integer> partitions = new HashMap<>();
        Map<String, Set<Long>> contents = new HashMap<>();
        for (int i = 0; i < load.size(); i++) {
            Upload u = load.upload(i);
            assertThat(partitions.computeIfAbsent(u.imageId(), k -> u.partition()))
                    .isEqualTo(u.partition());
            contents.computeIfAbsent(u.imageId(), k -> new HashSet<>()).add(u.content());
        }
        assertThat(contents.values().stream().filter(c -> c.size() > 1).count()).isGreaterThan(1_000);
    }
}
