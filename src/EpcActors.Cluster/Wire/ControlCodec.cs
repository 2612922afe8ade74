using System.Text.Json;
using System.Text.Json.Serialization;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.Wire;

/// <summary>
/// Control messages as UTF-8 JSON. Strict: a kind, a field or a name of an enum that this program does not know is an
/// error, as is one
/// that is missing. Any thread may call.
/// </summary>
public static class ControlCodec
{
    /// <summary>
    /// Longest message that is sent or taken, bytes. A report with all its samples and spans has a few MiB.
    /// </summary>
    public const int MaxBytes = 64 << 20;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,

        // Read-only properties of a report are computed again from the others.
        IgnoreReadOnlyProperties = true,

        // A share of nothing is NaN.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters =
        {
            new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false),
            new LimitJson(),
        },
    };

    /// <summary>Writes a message.</summary>
    /// <exception cref="WireFormatException">it is longer than <see cref="MaxBytes"/>.</exception>
    public static byte[] Encode(ControlMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(message, Options);
        if (json.Length > MaxBytes)
        {
            throw new WireFormatException(
                $"a message {message.GetType().Name} has {json.Length} bytes; {MaxBytes} may be sent");
        }

        return json;
    }

    /// <summary>Reads a message.</summary>
    /// <exception cref="WireFormatException">it is none.</exception>
    public static ControlMessage Decode(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<ControlMessage>(json, Options)
                ?? throw new WireFormatException("a control message is null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new WireFormatException($"a control message cannot be read: {error.Message}", error);
        }
    }
}
