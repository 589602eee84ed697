import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * HiveMQ Community Edition on the folders of its working directory, until it is told to end. It lets everybody in, and where there is
 * a file "credentials", of a name and a password in two lines, only who has them. HiveMQ leaves that to extensions, and brings none.
 */
final class Server {
  public static void main(String[] args) throws Exception {
    var builder = EmbeddedHiveMQ.builder()
        .withConfigurationFolder(Path.of("conf"))
        .withDataFolder(Path.of("data"))
        .withExtensionsFolder(Files.createDirectories(Path.of("extensions")));
    Path credentials = Path.of("credentials");
    if (Files.exists(credentials)) builder.withEmbeddedExtension(doorkeeper(Files.readAllLines(credentials)));
    EmbeddedHiveMQ server = builder.build();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop().join()));
    server.start().join();
  }

  private static EmbeddedExtension doorkeeper(List<String> credentials) {
    SimpleAuthenticator authenticator = (input, output) -> {
      var packet = input.getConnectPacket();
      boolean known = packet.getUserName().equals(Optional.of(credentials.get(0)))
          && packet.getPassword().map(Server::text).equals(Optional.of(credentials.get(1)));
      if (known) output.authenticateSuccessfully();
      else output.failAuthentication(ConnackReasonCode.BAD_USER_NAME_OR_PASSWORD);
    };
    return EmbeddedExtension.builder()
        .withId("doorkeeper")
        .withName("doorkeeper")
        .withVersion("1")
        .withExtensionMain(new ExtensionMain() {
          @Override
          public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
            Services.securityRegistry().setAuthenticatorProvider(ignored -> authenticator);
          }

          @Override
          public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}
        })
        .build();
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }
}
