namespace EpcActors.Engine;

/// <summary>
/// Marks a type whose objects do not change once a topology was built, or a field that refers to such an object: images
/// of a state neither follow nor save it, and fingerprints leave it out. Unlike <see cref="NotStateAttribute"/> it
/// marks what cannot change, not what no decision reads.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Field | AttributeTargets.Property)]
public sealed class ConstantAttribute : Attribute;

/// <summary>Marks a list whose order no decision of an actor depends on: fingerprints take it for a bag.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class UnorderedAttribute : Attribute;
