import static java.nio.charset.StandardCharsets.UTF_8;

import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.EnhancedAuthenticator;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.EnhancedAuthConnectInput;
import com.hivemq.extension.sdk.api.auth.parameter.EnhancedAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.EnhancedAuthOutput;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.packets.general.DisconnectedReasonCode;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import com.hivemq.extension.sdk.api.services.auth.SecurityRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HiveMQ Community Edition on the folders of its working directory, until it is told to end. It lets everybody in, and where there is
 * a file "credentials", of a name and a password in two lines, only who has them. HiveMQ leaves that to extensions, and brings none. Where there is a
 * file "secret", who authenticates by the method HMAC is asked to sign a question with it, and is shown "welcome" signed with it.
 */
final class Server {
  public static void main(String[] args) throws Exception {
    var builder = EmbeddedHiveMQ.builder()
        .withConfigurationFolder(Path.of("conf"))
        .withDataFolder(Path.of("data"))
        .withExtensionsFolder(Files.createDirectories(Path.of("extensions")));
    Path credentials = Path.of("credentials");
    Path secret = Path.of("secret");
    if (Files.exists(credentials)) {
      SimpleAuthenticator authenticator = byPassword(Files.readAllLines(credentials));
      builder.withEmbeddedExtension(doorkeeper(registry -> registry.setAuthenticatorProvider(ignored -> authenticator)));
    } else if (Files.exists(secret)) {
      byte[] key = Files.readAllBytes(secret);
      builder.withEmbeddedExtension(doorkeeper(
          registry -> registry.setEnhancedAuthenticatorProvider(ignored -> new BySignature(key))));
    }
    EmbeddedHiveMQ server = builder.build();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop().join()));
    server.start().join();
  }

  private static SimpleAuthenticator byPassword(List<String> credentials) {
    return (input, output) -> {
      var packet = input.getConnectPacket();
      boolean known = packet.getUserName().equals(Optional.of(credentials.get(0)))
          && packet.getPassword().map(Server::text).equals(Optional.of(credentials.get(1)));
      if (known) output.authenticateSuccessfully();
      else output.failAuthentication(ConnackReasonCode.BAD_USER_NAME_OR_PASSWORD);
    };
  }

  private static final class BySignature implements EnhancedAuthenticator {
    private final byte[] key;
    private final byte[] question = new byte[16];

    BySignature(byte[] key) {
      this.key = key;
      new SecureRandom().nextBytes(question);
    }

    @Override
    public void onConnect(EnhancedAuthConnectInput input, EnhancedAuthOutput output) {
      Optional<String> method = input.getConnectPacket().getAuthenticationMethod();
      if (method.isEmpty()) output.authenticateSuccessfully();
      else if (method.get().equals("HMAC")) output.continueAuthentication(question);
      else output.failAuthentication(DisconnectedReasonCode.BAD_AUTHENTICATION_METHOD);
    }

    @Override
    public void onAuth(EnhancedAuthInput input, EnhancedAuthOutput output) {
      byte[] answer = input.getAuthPacket().getAuthenticationDataAsArray().orElse(new byte[0]);
      if (MessageDigest.isEqual(answer, signed(question))) output.authenticateSuccessfully(signed("welcome".getBytes(UTF_8)));
      else output.failAuthentication(DisconnectedReasonCode.NOT_AUTHORIZED);
    }

    private byte[] signed(byte[] text) {
      try {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text);
      } catch (GeneralSecurityException error) {
        throw new IllegalStateException(error);
      }
    }
  }

  private static EmbeddedExtension doorkeeper(Consumer<SecurityRegistry> registering) {
    return EmbeddedExtension.builder()
        .withId("doorkeeper")
        .withName("doorkeeper")
        .withVersion("1")
        .withExtensionMain(new ExtensionMain() {
          @Override
          public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
            registering.accept(Services.securityRegistry());
          }

          @Override
          public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}
        })
        .build();
  }

  private static String text(ByteBuffer bytes) {
    return UTF_8.decode(bytes.duplicate()).toString();
  }
}
