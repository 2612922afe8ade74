using System.Text;
using System.Text.Json;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// The <c>akka</c> block for Akka.NET: anything may stand in it, and Akka reads it by itself. Akka's own reader knows
/// less of HOCON than ours (no comma behind a block without colon), so it gets the resolved block as JSON on one line,
/// which both understand.
/// </summary>
internal static class AkkaBlock
{
    /// <summary>The block as text; what is null is left out, so that Akka's default counts.</summary>
    public static string Render(HoconObject block)
    {
        StringBuilder text = new("akka ");
        Write(text, block, static _ => true);
        return text.ToString();
    }

    /// <summary>The same without what is the reference's; empty when nothing is left.</summary>
    public static string RenderOwn(HoconObject block)
    {
        if (FirstOwn(block) is null)
        {
            return "";
        }

        StringBuilder text = new("akka ");
        Write(text, block, static value => FirstOwn(value) is not null);
        return text.ToString();
    }

    /// <summary>
    /// Where to look when Akka does not like its block: the first value that is not the reference's, or the block
    /// itself.
    /// </summary>
    public static HoconOrigin Origin(HoconObject block) => FirstOwn(block) ?? block.Origin;

    private static HoconOrigin? FirstOwn(HoconValue value)
    {
        if (value is not HoconObject o)
        {
            return IsOfReference(value.Origin) ? null : value.Origin;
        }

        foreach (KeyValuePair<string, HoconValue> field in o)
        {
            if (FirstOwn(field.Value) is { } origin)
            {
                return origin;
            }
        }

        return null;
    }

    private static bool IsOfReference(HoconOrigin origin) => origin.Source == BuiltInFiles.Reference;

    private static void Write(StringBuilder text, HoconValue value, Predicate<HoconValue> isWanted)
    {
        switch (value)
        {
            case HoconObject o:
                text.Append('{');
                string separator = "";
                foreach (KeyValuePair<string, HoconValue> field in o)
                {
                    if (field.Value is not HoconNull && isWanted(field.Value))
                    {
                        text.Append(separator).Append(JsonSerializer.Serialize(field.Key)).Append(':');
                        Write(text, field.Value, isWanted);
                        separator = ",";
                    }
                }

                text.Append('}');
                break;
            case HoconArray array:
                text.Append('[');
                for (int i = 0; i < array.Count; i++)
                {
                    text.Append(i == 0 ? "" : ",");
                    Write(text, array[i], isWanted);
                }

                text.Append(']');
                break;
            default:
                text.Append(value);
                break;
        }
    }
}
