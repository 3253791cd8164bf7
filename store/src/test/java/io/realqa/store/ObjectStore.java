package io.realqa.store;

import java.net.URI;
import java.nio.file.Path;
import java.util.Properties;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;

/**
 * S3Proxy over a folder, which checks signatures as S3 does, for the tests of all modules. AWS's client finds the credentials
 * in system properties.
 */
public final class ObjectStore implements AutoCloseable {
    private final BlobStoreContext context;
    private final S3Proxy proxy;

    /** @param folder of buckets; what lies there as files are objects */
    public ObjectStore(Path folder) throws Exception {
        System.setProperty("aws.accessKeyId", "access");
        System.setProperty("aws.secretAccessKey", "secret");
        Properties properties = new Properties();
        properties.setProperty("jclouds.filesystem.basedir", folder.toString());
        context = ContextBuilder.newBuilder("filesystem").overrides(properties).build(BlobStoreContext.class);
        proxy = S3Proxy.builder()
                .blobStore(context.getBlobStore())
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, "access", "secret")
                .build();
        proxy.start();
    }

    /** Makes a bucket. */
    public void bucket(String name) {
        context.getBlobStore().createContainerInLocation(null, name);
    }

    BlobStore blobs() {
        return context.getBlobStore();
    }

    /** How it is reached. */
    public S3Settings settings() {
        return new S3Settings("http://127.0.0.1:" + proxy.getPort(), null, null);
    }

    @Override
    public void close() throws Exception {
        proxy.stop();
        context.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }
}
