import java.nio.file.Path;
import org.apache.activemq.artemis.core.config.FileDeploymentManager;
import org.apache.activemq.artemis.core.config.impl.FileConfiguration;
import org.apache.activemq.artemis.core.server.impl.ActiveMQServerImpl;

/** ActiveMQ Artemis on the folders of its working directory, until it is told to end. */
final class Server {
  public static void main(String[] args) throws Exception {
    var configuration = new FileConfiguration();
    var deployment = new FileDeploymentManager(Path.of("conf/broker.xml").toUri().toString());
    deployment.addDeployable(configuration);
    deployment.readConfiguration();
    var server = new ActiveMQServerImpl(configuration);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        server.stop();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }));
    server.start();
  }
}
