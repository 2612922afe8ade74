namespace EpcActors.Kernel;

/// <summary>
/// As the engine's attribute of the same name, which this project does not see: images of a state recognise both by
/// name.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
internal sealed class NotStateAttribute : Attribute;

/// <summary>As the engine's attribute of the same name: does not change once a topology was built.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Field | AttributeTargets.Property)]
internal sealed class ConstantAttribute : Attribute;

/// <summary>
/// Marks a table of tables of numbers, in which a table that is missing and one that is all zero say the same.
/// </summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class SparseAttribute : Attribute;
