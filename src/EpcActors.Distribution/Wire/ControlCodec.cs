using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using EpcActors.Distribution.Transport;

namespace EpcActors.Distribution.Wire;

/// <summary>
/// Control messages as bytes: the length (4 bytes, little-endian) and UTF-8 JSON. Strict: a kind, a field or a name of an enum that this program does not know is an error, as is one that is missing.
/// Any thread may call.
/// </summary>
public static class ControlCodec
{
    /// <summary>Bytes of the length.</summary>
    public const int HeaderBytes = sizeof(int);

    /// <summary>Longest JSON that anybody sends or takes, bytes. A report with all its samples and spans has a few MiB.</summary>
    public const int MaxBytes = 64 << 20;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,

        // What a report says can be computed from the rest comes out of the rest again.
        IgnoreReadOnlyProperties = true,

        // A share of nothing is NaN.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
    };

    /// <summary>Appends a message with its length.</summary>
    /// <exception cref="WireFormatException">it is longer than <see cref="MaxBytes"/>.</exception>
    public static void Encode(ControlMessage message, ArrayBufferWriter<byte> to)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(to);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(message, Options);
        if (json.Length > MaxBytes)
        {
            throw new WireFormatException($"a message {message.GetType().Name} has {json.Length} bytes; {MaxBytes} may be sent");
        }

        BinaryPrimitives.WriteInt32LittleEndian(to.GetSpan(HeaderBytes), json.Length);
        to.Advance(HeaderBytes);
        to.Write(json);
    }

    /// <summary>How long the JSON is that follows a header.</summary>
    /// <param name="header"><see cref="HeaderBytes"/> bytes.</param>
    /// <param name="most">Longest that is taken, bytes.</param>
    /// <exception cref="WireFormatException">longer than that, or no length.</exception>
    public static int Measure(ReadOnlySpan<byte> header, int most = MaxBytes)
    {
        WireReader reader = new(header);
        int length = reader.Int32("the length of a control message");
        return length > 0 && length <= most
            ? length
            : throw new WireFormatException($"a control message says that it has {(uint)length} bytes; it may have 1 to {most}");
    }

    /// <summary>Reads a message from its JSON, without the length.</summary>
    /// <exception cref="WireFormatException">it is none.</exception>
    public static ControlMessage Decode(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<ControlMessage>(json, Options) ?? throw new WireFormatException("a control message is null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new WireFormatException($"a control message cannot be read: {error.Message}", error);
        }
    }
}
