package javax.annotation;

/** Marks generated code. Java has not had it since version 11, and a generated client needs it to compile. */
public @interface Generated {
  String[] value();

  String date() default "";

  String comments() default "";
}
