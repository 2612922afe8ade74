using System.IO.Compression;
using System.Text;

namespace EpcActors.Races.Explorer;

/// <summary>
/// A position as a link holds it: <c>R1/buggy/CPU0*2,CPU1*3,CPU0</c>, with settings as
/// <c>R1/buggy;epc.race.choices.ewb-fails=1/…</c> and a second variant to compare with as <c>…/vs/fixed</c>, or a
/// second way as <c>…/vs/fixed/CPU1*4</c>. A race of one's own is in it as a whole: <c>own:</c> and its text, deflated.
/// </summary>
public sealed record RaceLink
{
    /// <summary>Prefix of a race whose text is in the link.</summary>
    public const string OwnPrefix = "own:";

    /// <summary>A longer link does not survive every mail program; a <c>.schedule</c> does.</summary>
    public const int MostCharacters = 6000;

    private const int MostText = 1 << 20;

    /// <summary>Id of a race of the catalogue; empty where <see cref="Text"/> is the race.</summary>
    public string Race { get; init; } = "";

    /// <summary>Text of a race file of one's own; empty for a race of the catalogue.</summary>
    public string Text { get; init; } = "";

    /// <summary>Name of the variant; empty for the file as it is.</summary>
    public string Variant { get; init; } = "";

    /// <summary><c>key=value</c> settings on top.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The steps so far.</summary>
    public IReadOnlyList<RaceMove> Path { get; init; } = [];

    /// <summary>Variant to compare with; null for none.</summary>
    public string? Versus { get; init; }

    /// <summary>Settings of the way to compare with; none where the same steps are compared.</summary>
    public IReadOnlyList<string> VersusSettings { get; init; } = [];

    /// <summary>The way to compare with; null for the same steps under the other variant.</summary>
    public IReadOnlyList<RaceMove>? VersusPath { get; init; }

    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Text.Length > 0 ? OwnPrefix + Packed(Text) : Uri.EscapeDataString(Race));
        Append(text.Append('/'), Variant, Settings);
        text.Append('/').Append(RacePath.Format(Path));
        if (Versus is not null)
        {
            Append(text.Append("/vs/"), Versus, VersusSettings);
        }

        if (Versus is not null && VersusPath is not null)
        {
            text.Append('/').Append(RacePath.Format(VersusPath));
        }

        return text.ToString();
    }

    /// <summary>Reads a link; a <c>#</c> in front is no part of it.</summary>
    /// <exception cref="RaceLinkException">The text is not a link.</exception>
    public static RaceLink Parse(string link)
    {
        ArgumentNullException.ThrowIfNull(link);
        string[] parts = link.TrimStart('#').Split('/');
        if (
            parts.Length is not (1 or 2 or 3 or 5 or 6)
            || parts[0].Length == 0
            || (parts.Length > 3 && parts[3] != "vs"))
        {
            throw new RaceLinkException(
                $"'{Cut(link)}' is not a valid link; write RACE/VARIANT/STEPS, as R1/buggy/CPU0*2");
        }

        bool isOwn = parts[0].StartsWith(OwnPrefix, StringComparison.Ordinal);
        (string variant, IReadOnlyList<string> settings) = Settled(parts.Length > 1 ? parts[1] : "");
        (string versus, IReadOnlyList<string> versusSettings) = Settled(parts.Length > 4 ? parts[4] : "");
        return new RaceLink
        {
            Race = isOwn ? "" : Uri.UnescapeDataString(parts[0]),
            Text = isOwn ? Unpacked(parts[0][OwnPrefix.Length..]) : "",
            Variant = variant,
            Settings = settings,
            Path = parts.Length > 2 ? RacePath.Parse(parts[2]) : [],
            Versus = parts.Length > 4 ? versus : null,
            VersusSettings = versusSettings,
            VersusPath = parts.Length > 5 ? RacePath.Parse(parts[5]) : null,
        };
    }

    private static void Append(StringBuilder text, string variant, IReadOnlyList<string> settings)
    {
        text.Append(Uri.EscapeDataString(variant));
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            text.Append(';').Append(Uri.EscapeDataString(setting[..equals]))
                .Append('=').Append(Uri.EscapeDataString(setting[(equals + 1)..]));
        }
    }

    private static (string Variant, IReadOnlyList<string> Settings) Settled(string part)
    {
        string[] words = part.Split(';');
        foreach (string setting in words.Skip(1))
        {
            if (setting.IndexOf('=', StringComparison.Ordinal) < 1)
            {
                throw new RaceLinkException($"'{Cut(setting)}' is not a valid setting in a link; write key=value");
            }
        }

        return (Uri.UnescapeDataString(words[0]), [.. words.Skip(1).Select(Uri.UnescapeDataString)]);
    }

    private static string Packed(string text)
    {
        using MemoryStream packed = new();
        using (DeflateStream deflate = new(packed, CompressionLevel.SmallestSize))
        {
            deflate.Write(Encoding.UTF8.GetBytes(text));
        }

        return Convert.ToBase64String(packed.ToArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    private static string Unpacked(string packed)
    {
        try
        {
            string base64 = packed.Replace('-', '+').Replace('_', '/');
            byte[] bytes = Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='));
            using DeflateStream inflate = new(new MemoryStream(bytes), CompressionMode.Decompress);

            // A small link may unpack to anything.
            byte[] text = new byte[MostText];
            int length = inflate.ReadAtLeast(text, MostText, throwOnEndOfStream: false);
            return length < MostText
                ? Encoding.UTF8.GetString(text, 0, length)
                : throw new RaceLinkException($"the race in the link is longer than {MostText} bytes");
        }
        catch (Exception wrong) when (wrong is FormatException or InvalidDataException)
        {
            throw new RaceLinkException("the race in the link cannot be read: a part of the link is missing");
        }
    }

    private static string Cut(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
