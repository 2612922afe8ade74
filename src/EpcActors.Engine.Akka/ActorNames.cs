using System.Globalization;
using System.Text;

namespace EpcActors.Engine.Akka;

/// <summary>Names of people and topologies as elements of Akka's actor paths.</summary>
internal static class ActorNames
{
    /// <summary>
    /// Characters that Akka allows in a name, without those that mean something else: <c>*</c> in a selection, <c>%</c>
    /// in an escape, <c>"</c> in HOCON.
    /// </summary>
    private const string Plain = "-_.$+:@&=,!~';";

    /// <summary>
    /// The elements of a path, each escaped. Slashes at its ends or next to one another count once: <c>worker:/</c> is
    /// the worker of the root.
    /// </summary>
    /// <exception cref="InvariantViolation">when there is none.</exception>
    public static string[] Split(string path)
    {
        string[] elements = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        Invariant.That(elements.Length > 0, $"the path '{path}' of an actor has no name in it");
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = Escape(elements[i]);
        }

        return elements;
    }

    /// <summary>
    /// One element: a character that is not allowed is written as % and two hexadecimal digits for each byte of its
    /// UTF-8.
    /// </summary>
    public static string Escape(string name)
    {
        StringBuilder text = new(name.Length);
        Span<byte> bytes = stackalloc byte[4];
        bool isDots = name is "." or "..";
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool isPlain =
                rune.IsAscii
                && (
                    char.IsAsciiLetterOrDigit((char)rune.Value)
                    || Plain.Contains((char)rune.Value, StringComparison.Ordinal))
                && !isDots
                && (rune.Value != '$' || text.Length > 0);
            if (isPlain)
            {
                text.Append((char)rune.Value);
                continue;
            }

            int count = rune.EncodeToUtf8(bytes);
            foreach (byte value in bytes[..count])
            {
                text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }
}
