using System.Text.Json;
using System.Text.Json.Serialization;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Cluster.Wire;

/// <summary>
/// A limit in a control message: the u64 that the kernel stores, so that max and numbers above a long survive.
/// </summary>
internal sealed class LimitJson : JsonConverter<Limit>
{
    public override Limit Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out ulong value)
            ? Limit.Of(value)
            : throw new JsonException("a limit is not a valid number of 64 bits");

    public override void Write(Utf8JsonWriter writer, Limit value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.Value);
}
