namespace EpcActors.Kernel;

/// <summary>A boolean of four bytes: messages have no padding, so that their bytes are their value.</summary>
public readonly record struct YesNo
{
    private readonly int _value;

    private YesNo(int value) => _value = value;

    public static implicit operator YesNo(bool value) => new(value ? 1 : 0);

    public static implicit operator bool(YesNo value) => value._value != 0;

    public static YesNo FromBoolean(bool value) => value;

    public bool ToBoolean() => this;

    public override string ToString() => this ? "yes" : "no";
}
