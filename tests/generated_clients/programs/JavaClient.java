import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.CorrectionsApi;
import org.openapitools.client.api.DrawingsApi;
import org.openapitools.client.api.ModelsApi;
import org.openapitools.client.api.PredictionsApi;
import org.openapitools.client.model.Answer;
import org.openapitools.client.model.AnswerInput;
import org.openapitools.client.model.ApiError;
import org.openapitools.client.model.BatchAnswer;
import org.openapitools.client.model.BatchInput;
import org.openapitools.client.model.BatchItem;
import org.openapitools.client.model.CorrectionInput;
import org.openapitools.client.model.Drawing;
import org.openapitools.client.model.DrawingInput;
import org.openapitools.client.model.FeedbackInput;
import org.openapitools.client.model.ModelVersion;
import org.openapitools.client.model.ReviewedCorrection;

/** Uses the client that openapi-generator generates for Java: java JavaClient SITE KEY PICTURE. */
public final class JavaClient {
  private static final List<List<List<BigDecimal>>> SEVEN =
      List.of(
          List.of(numbers(20, 80, 45), numbers(20, 20, 100)), List.of(numbers(35, 75), numbers(60, 60)));

  private JavaClient() {}

  private static List<BigDecimal> numbers(int... values) {
    return Arrays.stream(values).mapToObj(BigDecimal::valueOf).toList();
  }

  private static AnswerInput seven() {
    return new AnswerInput().recognizer("digits").ink(SEVEN);
  }

  public static void main(String[] arguments) throws Exception {
    ApiClient client = new ApiClient();
    client.setBasePath(arguments[0] + "/api/v1");
    client.setBearerToken(arguments[1]);
    File picture = new File(arguments[2]);
    PredictionsApi predictions = new PredictionsApi(client);
    DrawingsApi drawings = new DrawingsApi(client);
    CorrectionsApi corrections = new CorrectionsApi(client);
    ModelsApi models = new ModelsApi(client);
    ObjectMapper json = client.getObjectMapper();
    Map<String, Object> done = new LinkedHashMap<>();

    Answer answer = predictions.predict(seven().topK(3), null);
    done.put("predict", List.of(answer.getGuesses().get(0).getLabel(), answer.getGuesses().size()));

    List<String> extras = List.of("raster", "embedding");
    Answer seen =
        predictions.predictPicture("digits", picture, null, null, null, null, null, 2, null, null, null, extras);
    String raster = seen.getRaster().substring(0, 14);
    String label = seen.getGuesses().get(0).getLabel();
    done.put("picture", List.of(label, seen.getGuesses().size(), raster, seen.getEmbedding().size() > 9));

    List<BatchItem> items = List.of(new BatchItem().ink(SEVEN), new BatchItem());
    BatchAnswer batch = predictions.predictBatch(new BatchInput().recognizer("digits").items(items));
    String first = batch.getResults().get(0).getGuesses().get(0).getLabel();
    done.put("batch", List.of(first, batch.getResults().get(1).getError().getCode()));

    UUID saved = predictions.predict(seven().keep(true).id(UUID.randomUUID()), null).getPrediction();
    FeedbackInput agreed = new FeedbackInput().correct(true);
    done.put("feedback", predictions.giveFeedback(saved, agreed, null).getCorrection().getLabel());

    Drawing drawing = drawings.saveDrawing(new DrawingInput().recognizer("digits").ink(SEVEN), null);
    done.put("drawing", drawing.getPrediction().getGuesses().get(0).getLabel());

    Drawing drawn = drawings.savePicture("digits", picture, null, null, null, null, null);
    byte[] stored = Files.readAllBytes(drawings.readDrawingPicture(drawn.getId(), null).toPath());
    done.put("stored", List.of(drawn.getInk() == null, new String(stored, 1, 3, "US-ASCII")));

    corrections.saveCorrection(drawn.getId(), new CorrectionInput().label("1"), null, null, null);
    List<ReviewedCorrection> listed =
        corrections.listCorrections(2, null, null, null, null, null).getResults();
    done.put("corrections", listed.stream().map(ReviewedCorrection::getLabel).toList());

    List<ModelVersion> versions = models.listVersions("digits", null, null, null, null).getResults();
    List<Integer> numbers = versions.stream().map(ModelVersion::getNumber).toList();
    long size = models.downloadModel("digits", null).length();
    done.put("versions", List.of(numbers, size == versions.get(0).getBytes()));

    for (UUID each : Stream.of(drawing, drawn).map(Drawing::getId).toList()) {
      drawings.deleteDrawing(each, null, null, null);
    }
    done.put("deleted", List.of(204, client.getStatusCode()));

    String refused = "";
    try {
      predictions.predict(seven().recognizer("nothing"), null);
    } catch (ApiException error) {
      refused = json.readValue(error.getResponseBody(), ApiError.class).getCode();
    }
    String unknown = "{\"code\": \"new_code\", \"detail\": \"\", \"field\": null, \"request_id\": \"\"}";
    done.put("errors", List.of(refused, json.readValue(unknown, ApiError.class).getCode()));

    System.out.print(json.writeValueAsString(done));
  }
}
