namespace EpcActors.Hocon;

/// <summary>The six types a HOCON value may have; they are those of JSON.</summary>
public enum HoconValueKind
{
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}
