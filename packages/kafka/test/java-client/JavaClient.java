import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.Scanner;
import java.util.UUID;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Java's own client, for a test to write and to read with, a line for each record with everything in hexadecimal.
 *
 * produce <server> <topic> <compression>: reads "<key> <value>" lines ("-" is no key), prints where each was written: "<partition>"
 * consume <server> <topic> <count>: prints "<partition> <key> <value>"
 */
public class JavaClient {
  private static final HexFormat hex = HexFormat.of();

  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[1]);
    if (args[0].equals("produce")) produce(settings, args[2], args[3]);
    else consume(settings, args[2], Integer.parseInt(args[3]));
  }

  private static void produce(Properties settings, String topic, String compression) throws Exception {
    settings.put("compression.type", compression);
    // So that records of one partition go together, as one compressed batch.
    settings.put("linger.ms", "200");
    List<String> lines = new Scanner(System.in).useDelimiter("\n").tokens().toList();
    try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      var written = lines.stream().map(line -> line.split(" ", -1)).map(parts -> {
        byte[] key = parts[0].equals("-") ? null : hex.parseHex(parts[0]);
        return producer.send(new ProducerRecord<>(topic, key, hex.parseHex(parts[1])));
      }).toList();
      for (var one : written) System.out.println(one.get().partition());
    }
  }

  private static void consume(Properties settings, String topic, int count) {
    settings.put("group.id", UUID.randomUUID().toString());
    settings.put("auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      for (int left = count; left > 0;)
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          left--;
          String key = record.key() == null ? "-" : hex.formatHex(record.key());
          System.out.println(record.partition() + " " + key + " " + hex.formatHex(record.value()));
        }
    }
  }
}
